import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../src/engine/fingerprint.ts'
import type { Fact } from '../../src/records.ts'
import { collect } from '../helpers/collect.ts'
import { openEngine } from './engine.ts'

const secret = 'Mail anna@example.org about key sk-123456'

describe('redaction', () => {
  const privacy = { redact: ['[\\w.]+@[\\w.]+', 'sk-\\d+'] }

  test('takes what the patterns match out of every free text before it is kept', async () => {
    const { tacit } = await openEngine({ privacy })
    const { decisionId } = await tacit.decide({ task: secret, arms: ['a'] })
    await tacit.observe(decisionId, {
      success: false,
      error: { type: 'crash', message: secret },
      solutionSummary: secret,
    })
    await tacit.step(decisionId, { error: { type: 'timeout', message: secret } })
    await tacit.feedback(decisionId, { value: true, comment: secret, suggestions: [secret] })
    const log = JSON.stringify(await collect(tacit.exportFacts()))
    expect(log).not.toContain('anna')
    expect(log).not.toContain('sk-123456')
    expect(log.match(/Mail \[redacted\] about key \[redacted\]/g)).toHaveLength(6)
  })

  test('still knows the task again, whatever was taken out of it', async () => {
    const { tacit } = await openEngine({ privacy })
    await tacit.record({ task: secret, arm: 'a', success: true })
    const [prediction] = await tacit.predict({ task: secret.replace('anna', 'bert') })
    expect(prediction!.evidence.observations.task).toBe(1)
  })

  test('takes it out of metadata, keys included, of features and of the names of steps', async () => {
    const { tacit } = await openEngine({ privacy })
    const metadata = { note: secret, deep: [{ 'anna@example.org': 'sk-1', 'bert@example.org': 2 }], count: 3 }
    const { decisionId } = await tacit.decide({
      task: 'x',
      arms: ['a'],
      context: { features: { hint: secret } },
      metadata,
    })
    await tacit.observe(decisionId, { success: true, metadata })
    await tacit.step(decisionId, { name: 'login sk-99', metadata })
    await tacit.feedback(decisionId, { value: true, metadata })
    await tacit.record({ task: 'y', arm: 'a', metadata, context: { features: { hint: secret } } })
    const facts = await collect(tacit.exportFacts())
    const log = JSON.stringify(facts)
    expect(log).not.toMatch(/anna|bert|sk-\d/)
    expect(facts[0]!.body.metadata).toEqual({
      note: 'Mail [redacted] about key [redacted]',
      deep: [{ '[redacted]': '[redacted]', '[redacted] 2': 2 }],
      count: 3,
    })
    expect(facts.find(({ kind }) => kind === 'step')!.body).toMatchObject({ name: 'login [redacted]' })
  })

  test('with pseudonyms in place of what it takes out tells values apart, and the database from another', async () => {
    const tasksOf = async () => {
      const { tacit } = await openEngine({ privacy: { ...privacy, replacement: 'pseudonym' } })
      for (const task of ['Mail a@b.c', 'Mail a@b.c', 'Mail d@e.f']) await tacit.record({ task, arm: 'x' })
      return (await tacit.similar('Mail', { threshold: -1 })).map(({ execution }) => execution.task)
    }
    const tasks = await tasksOf()
    expect(new Set(tasks).size).toBe(2)
    for (const task of tasks) expect(task).toMatch(/^Mail \[[0-9a-f]{12}\]$/)
    expect(await tasksOf()).not.toContain(tasks[0])
  })

  test('refuses a pattern that is no regular expression', async () => {
    await expect(openEngine({ privacy: { redact: ['('] } })).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  })
})

describe('a redaction of the caller', () => {
  test('sees each text after the patterns, with its place, and what it returns is kept', async () => {
    const seen: string[] = []
    const redact = (text: string, where: string) => {
      seen.push(`${where}: ${text}`)
      return text.replace('Anna', 'someone')
    }
    const { tacit } = await openEngine({ redact, privacy: { redact: ['\\d+'] } })
    const { decisionId } = await tacit.decide({ task: 'Call Anna at 123', arms: ['a'], metadata: { by: 'Anna' } })
    await tacit.observe(decisionId, { success: false, error: { type: 'crash', message: 'Anna hung up' } })
    expect(JSON.stringify(await collect(tacit.exportFacts()))).not.toContain('Anna')
    expect(seen).toEqual(
      expect.arrayContaining([
        'task: Call Anna at [redacted]',
        'metadata: by',
        'metadata: Anna',
        'error: Anna hung up',
      ]),
    )
  })

  test.each([
    ['throws', () => JSON.parse('{')],
    ['gives no text', () => undefined as unknown as string],
  ])('that %s lets nothing through', async (_, redact) => {
    const { tacit } = await openEngine({ redact })
    await expect(tacit.record({ task: 'x', arm: 'a' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('Nothing was written'),
    })
    expect((await tacit.status()).executions).toBe(0)
  })
})

test('facts from elsewhere are redacted before they are kept, and a task that is hashed is not hashed again', async () => {
  const source = await openEngine()
  const { decisionId } = await source.tacit.decide({ task: secret, arms: ['a'], metadata: { note: secret } })
  await source.tacit.observe(decisionId, { success: true, solutionSummary: secret })
  await source.tacit.step(decisionId, { name: 'sk-5', error: { type: 'crash', message: secret } })
  await source.tacit.feedback(decisionId, { value: true, comment: secret, suggestions: [secret] })
  const facts = await collect(source.tacit.exportFacts())
  const strict = await openEngine({ privacy: { redact: ['[\\w.]+@[\\w.]+', 'sk-\\d+'], taskText: 'hash' } })
  await strict.tacit.importFacts(facts)
  const kept = await collect(strict.tacit.exportFacts())
  expect(JSON.stringify(kept)).not.toMatch(/anna|sk-\d/)
  const copy = await openEngine({ privacy: { taskText: 'hash' } })
  await copy.tacit.importFacts(kept)
  expect((await copy.tacit.replay()).logHash).toBe((await strict.tacit.replay()).logHash)
})

test('where words may not be kept, the log has a hash of the task, and the task is still known again', async () => {
  const { tacit } = await openEngine({ privacy: { taskText: 'hash' } })
  await tacit.record({ task: secret, arm: 'a', success: true })
  const [decision] = (await collect(tacit.exportFacts())) as Extract<Fact, { kind: 'decision' }>[]
  expect(decision!.body.task).toMatch(/^sha256:[0-9a-f]{64}$/)
  const seen = async (task: string) => (await tacit.predict({ task }))[0]!.evidence.observations.task
  expect([await seen(secret), await seen('another task')]).toEqual([1, 0])
})

describe('users and sessions', () => {
  const record = { task: 'Deploy', arm: 'a', userId: 'anna', sessionId: 'monday' }
  const peopleOf = async (options: Parameters<typeof openEngine>[0]) => {
    const { tacit } = await openEngine(options)
    await tacit.recordBatch([record, { ...record, task: 'Deploy again' }, { ...record, userId: 'bert' }])
    const facts = (await collect(tacit.exportFacts())) as Extract<Fact, { kind: 'decision' }>[]
    return facts.map(({ body }) => body.userId)
  }

  test('are kept as pseudonyms: the same within a database, different in another, and never the name', async () => {
    const [anna, again, bert] = await peopleOf({})
    expect(anna).toBe(again)
    expect(anna).not.toBe(bert)
    expect(anna).toMatch(/^[0-9a-f]{32}$/)
    expect((await peopleOf({}))[0]).not.toBe(anna)
  })

  test('are kept as given where that was asked for', async () => {
    expect(await peopleOf({ privacy: { pseudonymise: false } })).toEqual(['anna', 'anna', 'bert'])
  })
})

describe('the fingerprint of a failure', () => {
  test.each([
    ['cannot open /home/anna/a.txt', 'cannot open /srv/data/b.txt'],
    ['line 12: unexpected token', 'line 9: unexpected  token'],
    ['no column "price"', 'no column "weight"'],
    ['segfault at 0x7ffdeadbeef0', 'segfault at 0x000012345678'],
    ['job 6f1c2f5e-8b1a-4c52-9c39-0f3d1f0e8a11 died', 'Job 00000000-0000-4000-8000-000000000000 died'],
    ['GET https://a.example/x?y=1 failed', 'GET https://b.example/z failed'],
  ])('is the same for "%s" and "%s"', (a, b) => {
    expect(fingerprintOf('crash', a)).toBe(fingerprintOf('crash', b))
  })

  test('differs by type, tool and what the message says', () => {
    const prints = [
      fingerprintOf('crash', 'out of memory'),
      fingerprintOf('timeout', 'out of memory'),
      fingerprintOf('crash', 'out of memory', 'compiler'),
      fingerprintOf('crash', 'out of disk'),
      fingerprintOf('crash'),
    ]
    expect(new Set(prints).size).toBe(prints.length)
  })

  test('is kept with the outcome', async () => {
    const { tacit } = await openEngine()
    await tacit.record({ task: 'x', arm: 'a', success: false, error: { type: 'crash', message: 'died at 12:01' } })
    const outcome = (await collect(tacit.exportFacts())).find(fact => fact.kind === 'outcome')!
    expect(outcome.body.error).toEqual({
      type: 'crash',
      message: 'died at 12:01',
      fingerprint: fingerprintOf('crash', 'died at 9:30'),
    })
  })
})

test('spellings of one task type are one task type', async () => {
  const { tacit } = await openEngine()
  for (const taskType of ['Bug Fix', ' bug  fix ', 'ＢＵＧ fix']) await tacit.record({ task: 'x', arm: 'a', taskType })
  const { groups } = await tacit.metrics({ groupBy: ['taskType'] })
  expect(groups.map(({ group, executions }) => [group.taskType, executions])).toEqual([['bug fix', 3]])
  expect(await tacit.similar('x', { taskType: 'BUG FIX' })).toHaveLength(3)
})

test('a similar task comes with the summary of how it was solved', async () => {
  const { tacit } = await openEngine()
  await tacit.record({ task: 'Speed up the report', arm: 'a', success: true, solutionSummary: 'Added an index.' })
  await tacit.record({ task: 'Speed up the report again', arm: 'a', success: true })
  const found = await tacit.similar('Speed up the report')
  expect(found.map(({ solutionSummary }) => solutionSummary)).toEqual(['Added an index.', null])
})
