import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openTacit } from '../../src/index.ts'
import { freshDatabase } from '../helpers/postgres.ts'

const arms = ['a', 'b']
/** Looks up what is there and writes, in one transaction of two round trips. */
const append = [
  'BEGIN ISOLATION LEVEL READ COMMITTED',
  ...['tacit_lock_scope', 'tacit_find_facts', 'tacit_find_pruned', 'tacit_find_executions'],
  ...['tacit_write', 'COMMIT'],
]
/** A choice asks first what others have written. */
const choose = ['tacit_changes', ...append]

/** The statements, by name where they have one, that are sent while `action` runs; notices, upkeep and new connections aside. */
async function statementsOf(action: () => Promise<unknown>): Promise<string[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await action()
    const sent = spy.mock.calls.map(([statement]) => statement as unknown as string | { name?: string; text: string })
    const texts = sent.map(statement =>
      typeof statement === 'string' ? statement : (statement.name ?? statement.text),
    )
    return texts.filter(text => !/pg_notify|rollup|set_config/.test(text))
  } finally {
    spy.mockRestore()
  }
}

async function open() {
  const { url: db, drop } = await freshDatabase({ isSetUp: true })
  const tacit = await openTacit({ db, seed: 'statements' })
  onTestFinished(async () => {
    await tacit.close()
    await drop()
  })
  await tacit.decide({ task: 'the first', arms })
  // Waits for upkeep after the first fact.
  await tacit.status()
  return { db, tacit }
}

test('a call of the loop on PostgreSQL sends no more statements than it needs, and reads nothing back', async () => {
  const { tacit } = await open()
  const decide = (decisionId?: string) => () => tacit.decide({ task: 'Deploy', arms, decisionId })
  expect(await statementsOf(decide())).toEqual(choose)
  expect(await statementsOf(decide('d'))).toEqual(choose)
  expect(await statementsOf(() => tacit.step('d', { name: 'look' }))).toEqual(append)
  expect(await statementsOf(() => tacit.observe('d', { success: true }))).toEqual(append)
  expect(await statementsOf(() => tacit.feedback('d', { value: true }))).toEqual(append)
  expect(await statementsOf(() => tacit.record({ task: 'Deploy', arm: 'a', success: true }))).toEqual(append)
  expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true })
})

test('calls at the same moment share their transactions and read nothing back either', async () => {
  const { tacit } = await open()
  const count = 40
  const ids = Array.from({ length: count }, (_, index) => `d${index}`)
  for (const decisionId of ids) await tacit.decide({ task: 'Deploy', arms, decisionId })
  const statements = await statementsOf(() =>
    Promise.all(
      ids.flatMap((id, index) => [
        tacit.observe(id, { success: index % 3 > 0 }),
        ...(index % 4 === 0 ? [tacit.decide({ task: `Deploy ${index % 5}`, arms })] : []),
      ]),
    ),
  )
  expect(statements.filter(text => text === 'tacit_write').length).toBeLessThanOrEqual(2 + count / 4)
  expect(statements.filter(text => text === 'tacit_tail').length).toBeLessThanOrEqual(2)
  expect(await tacit.replay({ verify: true })).toMatchObject({ verified: true, facts: 1 + 2 * count + count / 4 })
})

test('what another process writes in between is read and learned from, whatever is on its way here', async () => {
  const { db, tacit } = await open()
  const other = await openTacit({ db, seed: 'other' })
  onTestFinished(() => other.close())
  const rounds = Array.from({ length: 12 }, (_, index) => index)
  const work = (one: typeof tacit, name: string) =>
    rounds.map(async index => {
      const { decisionId } = await one.decide({ task: `Deploy ${index % 3}`, arms, decisionId: `${name}${index}` })
      await one.observe(decisionId, { success: index % 2 === 0 })
    })
  await Promise.all([...work(tacit, 'here'), ...work(other, 'there')])
  const [here, there] = [await tacit.replay({ verify: true }), await other.replay({ verify: true })]
  expect(here).toMatchObject({ verified: true, facts: 1 + 4 * rounds.length })
  expect(there).toMatchObject({ verified: true, stateHash: here.stateHash })
})
