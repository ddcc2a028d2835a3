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

  test('refuses a pattern that is no regular expression', async () => {
    await expect(openEngine({ privacy: { redact: ['('] } })).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  })
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
