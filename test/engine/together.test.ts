import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openTacit } from '../../src/engine/open.ts'
import { temporaryDirectory } from '../store/temporary.ts'

const open = (db: string) => openTacit({ db, durability: 'full', seed: 'together' })

test('outcomes observed at the same moment are each kept and learned from, as one after the other', async () => {
  const tacit = await open(join(temporaryDirectory(), 'tacit.db'))
  const ids = Array.from({ length: 60 }, (_, index) => `d${index}`)
  for (const decisionId of ids) await tacit.decide({ task: 'Deploy', arms: ['a', 'b'], decisionId })
  const written = await Promise.all(
    ids.flatMap((id, index) => [
      tacit.step(id, { name: 'look' }),
      tacit.observe(id, { success: index % 2 === 0 }),
      tacit.decide({ task: 'Deploy', arms: ['a', 'b'] }),
    ]),
  )
  expect(written.filter(one => 'status' in one && one.status === 'stored').length).toBe(120)
  const { facts, verified } = await tacit.replay({ verify: true })
  expect({ facts, verified }).toEqual({ facts: 60 + 180, verified: true })
  expect(await tacit.status()).toMatchObject({ withOutcome: 60, errors: {} })
  await tacit.close()
})

test('closing waits for what is being written', async () => {
  const db = join(temporaryDirectory(), 'tacit.db')
  const tacit = await open(db)
  const { decisionId } = await tacit.decide({ task: 'Deploy', arms: ['a'] })
  const observed = tacit.observe(decisionId, { success: true })
  await tacit.close()
  expect((await observed).status).toBe('stored')
  const again = await open(db)
  expect((await again.status()).withOutcome).toBe(1)
  await again.close()
})
