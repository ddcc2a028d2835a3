import { appendFileSync, cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  armKinds,
  emptyTranscriptReport,
  importTranscripts,
  type TranscriptSession,
} from '../../src/engine/transcripts.ts'
import { readEntry } from '../../src/ingest/transcripts/entry.ts'
import { SessionLog } from '../../src/ingest/transcripts/session.ts'
import { testedSuccess, toolStep } from '../../src/ingest/transcripts/tool-step.ts'
import { integer, seedRng } from '../../src/math/rng.ts'
import type { Fact, FactOf, RecordInput } from '../../src/records.ts'
import { parse, recordSchema } from '../../src/records.ts'
import { tacit, temporaryDirectory } from '../cli/run.ts'
import { openEngine } from '../engine/engine.ts'
import { disturbed, pick } from '../helpers/hostile.ts'

const fixtures = join(import.meta.dirname, 'fixtures/transcripts')
const laterMs = Date.UTC(2025, 5, 20)

const filesOf = (version: string) =>
  readdirSync(join(fixtures, version), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')
const sessionIds = {
  'version-1.0': '11111111-1111-4111-8111-111111111111',
  'version-2.0': '22222222-2222-4222-8222-222222222222',
  'version-2.1': '33333333-3333-4333-8333-333333333333',
} as const
type Version = keyof typeof sessionIds

function read(version: Version, nowMs = laterMs) {
  const log = new SessionLog(sessionIds[version])
  const skipped: string[] = []
  for (const file of filesOf(version)) {
    for (const line of linesOf(file)) {
      const what = log.add(line)
      if (what !== null) skipped.push(what)
    }
  }
  const { executions, unfinished } = log.history(nowMs, 'agent')
  return { executions: executions.map(({ record }) => record), unfinished, skipped }
}

const byArm = (executions: readonly RecordInput[], arm: string) =>
  executions.filter(one => (one.arm as { id: string }).id === arm) as (RecordInput & {
    steps: { name: string; status: string; durationMs?: number; kind: string }[]
  })[]
const toolsOf = ({ steps }: { steps: { name: string; status: string }[] }) =>
  steps.map(({ name, status }) => `${name} ${status}`)

describe('session logs of version 1.0', () => {
  const { executions, skipped, unfinished } = read('version-1.0')
  const [fixed, renamed] = byArm(executions, 'claude-code')

  test('give the prompt with its model, tools in order, time, tokens, cost, and the success that the tests showed', () => {
    expect(fixed).toMatchObject({
      task: 'The cart total is wrong for two coupons. Fix it.',
      arm: { facets: { agent: 'claude-code', model: 'claude-sonnet-4-20250514' } },
      durationMs: 40_000,
      success: true,
      provenance: 'test',
      context: { repository: 'shop' },
      // Four messages of 10 + 2 + 100 tokens read and 50 written; the two lines of the first are one message.
      resources: { inputTokens: 448, outputTokens: 200 },
    })
    expect(fixed!.costUsd).toBeCloseTo(0.045)
    expect(toolsOf(fixed!)).toEqual(['code-searcher ok', 'Edit ok', 'Bash ok'])
    expect(fixed!.steps[2]!.durationMs).toBe(12_000)
  })

  test('tell the sub-agent inside them apart, and whose task it had', () => {
    const [search] = byArm(executions, 'code-searcher')
    expect(search).toMatchObject({
      executionId: 'claude-code/task/toolu_task1',
      task: 'Find where coupons are applied.',
      durationMs: 5900,
      success: null,
      resources: { inputTokens: 71, outputTokens: 40 },
    })
    expect(toolsOf(search!)).toEqual(['Grep ok'])
  })

  test('leave the success of work that was broken off unknown', () => {
    expect(renamed).toMatchObject({ success: null, metadata: { interrupted: true } })
    expect(toolsOf(renamed!)).toEqual(['Bash error'])
    expect({ skipped, unfinished }).toEqual({ skipped: ['summary'], unfinished: 0 })
  })
})

describe('session logs of version 2.0', () => {
  const { executions, skipped } = read('version-2.0')

  test('join a sub-agent of a file of its own with the call that started it', () => {
    const [review] = byArm(executions, 'code-reviewer')
    expect(review).toMatchObject({
      executionId: `claude-code/${sessionIds['version-2.0']}/agent/ab12cd34`,
      arm: { facets: { model: 'claude-haiku-4-5-20251001' } },
      durationMs: 44_000,
      success: null,
      // Of two lines of one message the last is complete.
      resources: { inputTokens: 60, outputTokens: 95 },
    })
    expect(toolsOf(review!)).toEqual(['Glob ok', 'Read error'])
    expect(review!.steps[0]!.durationMs).toBe(353)
  })

  test('show a failed call of the model as a failure, without tokens that nobody counted', () => {
    const failed = byArm(executions, 'claude-code').find(({ task }) => task === 'Fix both bugs')!
    expect(failed).toMatchObject({ success: false, error: { type: 'other:server_error' } })
    expect(failed.resources).toBeUndefined()
  })

  test('name what was skipped, and take neither commands of the program nor its summaries for prompts', () => {
    expect(byArm(executions, 'claude-code')).toHaveLength(2)
    expect(skipped.sort()).toEqual([
      'file-history-snapshot',
      'queue-operation',
      'system/turn_duration',
      'user (added by the program)',
      'user (local command)',
    ])
  })
})

describe('session logs of version 2.1', () => {
  test('tell how a sub-agent in the background ended, whatever the call that started it said', () => {
    const [docs] = byArm(read('version-2.1').executions, 'docs-writer')
    expect(docs).toMatchObject({ success: false, error: { type: 'crash' }, durationMs: 37_000 })
    expect(docs!.arm).toMatchObject({ facets: { model: 'claude-sonnet-5' } })
  })

  test('name prompts by their own ids, and a refused tool is neither done nor failed', () => {
    const turns = byArm(read('version-2.1').executions, 'claude-code')
    expect(turns.map(({ executionId }) => executionId)).toEqual([1, 2, 3].map(n => `claude-code/prompt/p-000${n}`))
    expect(toolsOf(turns[1]!)).toEqual(['Write cancelled'])
    expect(turns[1]!.success).toBeNull()
  })

  test('skip lines of unknown kinds and broken ones, and count them', () => {
    const { skipped } = read('version-2.1')
    expect(skipped.filter(what => what === 'not a JSON object')).toHaveLength(3)
    expect(skipped).toContain('brand-new-kind')
  })

  test('leave work that may still go on for the next time', () => {
    const justAfter = read('version-2.1', Date.UTC(2025, 5, 10, 10, 4, 30))
    expect(justAfter.unfinished).toBe(1)
    expect(byArm(justAfter.executions, 'claude-code')).toHaveLength(2)
  })
})

describe('the success that tests show', () => {
  const bash = (command: string, status: 'ok' | 'error' | 'cancelled' = 'ok') =>
    toolStep({ ...call, name: 'Bash', input: { command }, status })
  const call = { executionId: 'e', toolUseId: 't', message: null, startedAtMs: null, durationMs: null } as const
  const edit = toolStep({ ...call, name: 'Edit', input: {}, status: 'ok' })

  test.each([
    ['npm test', true],
    ['cd app && CI=1 npx vitest run 2>&1', true],
    ['python -m pytest -q', true],
    ['go test ./...', true],
    ['cargo test --all', true],
    ['ls', null],
    ['echo npm test', null],
    ['npm test | tail -5', null],
    ['npm test || true', null],
    ['npm test; echo done', null],
    ['npm test && git push', null],
    ['npm test &', null],
  ])('"%s" shows %s', (command, shown) => {
    expect(testedSuccess([bash(command)])).toBe(shown)
    expect(testedSuccess([bash(command, 'error')])).toBe(shown === null ? null : false)
  })

  test('is that of the last run, and unknown once something was edited after it', () => {
    expect(testedSuccess([bash('npm test', 'error'), edit, bash('npm test')])).toBe(true)
    expect(testedSuccess([bash('npm test'), edit])).toBeNull()
    expect(testedSuccess([bash('npm test', 'cancelled')])).toBeNull()
    expect(testedSuccess([])).toBeNull()
  })
})

describe('importing session logs', () => {
  const sessions = (Object.keys(sessionIds) as Version[]).map(
    (version): TranscriptSession => ({ id: sessionIds[version], files: filesOf(version) }),
  )
  async function* open(file: string) {
    yield* linesOf(file)
  }
  const options = { open, armKind: 'agent', nowMs: laterMs } as const

  test('records each execution once, however often it is done, and goes on after an interruption', async () => {
    const { tacit } = await openEngine()
    const interruption = new AbortController()
    const first = emptyTranscriptReport()
    const onSession = () => interruption.abort()
    await importTranscripts(tacit, sessions, first, { ...options, signal: interruption.signal, onSession })
    expect(first).toMatchObject({ sessions: 1, stored: 3 })

    const second = emptyTranscriptReport()
    await importTranscripts(tacit, sessions, second, options)
    expect(second).toMatchObject({ sessions: 3, stored: 7, duplicates: 3, failed: 0 })
    const before = await Array.fromAsync(tacit.exportFacts())
    await importTranscripts(tacit, sessions, emptyTranscriptReport(), options)
    expect(await Array.fromAsync(tacit.exportFacts())).toEqual(before)
    expect((await tacit.status()).executions).toBe(10)
  })

  test('compares models where these are to be the arms', async () => {
    const { tacit } = await openEngine()
    await importTranscripts(tacit, sessions, emptyTranscriptReport(), { ...options, armKind: 'agent+model' })
    const decisions = (await Array.fromAsync(tacit.exportFacts())).filter((fact: Fact) => fact.kind === 'decision')
    expect(decisions.map(({ body }: FactOf<'decision'>) => body.arm)).toContain('docs-writer@claude-sonnet-5')
  })

  test('leaves out a prompt that a hook has recorded', async () => {
    const { tacit } = await openEngine()
    const log = new SessionLog(sessionIds['version-2.1'])
    for (const file of filesOf('version-2.1')) for (const line of linesOf(file)) log.add(line)
    const { liveId } = log.history(laterMs, 'agent').executions.find(({ liveId }) => liveId !== null)!
    await tacit.record({ task: 'live', arm: 'claude-code', executionId: liveId! })
    const report = emptyTranscriptReport()
    await importTranscripts(tacit, [sessions[2]!], report, options)
    expect(report).toMatchObject({ recordedLive: 1, stored: 3 })
  })

  test('from the command line finds the sessions of all versions, and takes up what was added since', async () => {
    const cwd = temporaryDirectory()
    for (const version of Object.keys(sessionIds)) cpSync(join(fixtures, version), cwd, { recursive: true })
    const first = JSON.parse((await tacit(['import', 'transcripts', cwd, '--db', join(cwd, 't.db'), '--json'])).stdout)
    expect(first).toMatchObject({ sessions: 3, stored: 10, duplicates: 0, failed: 0, skipped: { 'brand-new-kind': 1 } })

    const log = join(cwd, '-home-me-shop', `${sessionIds['version-1.0']}.jsonl`)
    const at = '2025-06-11T09:00:00.000Z'
    const base = { sessionId: sessionIds['version-1.0'], timestamp: at, isSidechain: false }
    const message = { id: 'm', role: 'assistant', content: [{ type: 'text', text: 'Yes' }], stop_reason: 'end_turn' }
    appendFileSync(log, `${JSON.stringify({ ...base, type: 'user', uuid: 'new', message: { content: 'Done?' } })}\n`)
    appendFileSync(log, `${JSON.stringify({ ...base, type: 'assistant', uuid: 'x', message })}\n`)
    const shown = await tacit(['import', 'transcripts', cwd, '--db', join(cwd, 't.db')])
    expect(shown.stdout).toMatch(/^3 sessions in .*: 1 new execution, 10 duplicates, 0 failed/)
    expect(shown.code).toBe(0)
  })

  test('says that there are no logs where there are none', async () => {
    const { code, stderr } = await tacit(['import', 'transcripts', join(temporaryDirectory(), 'nowhere')])
    expect(code).toBe(1)
    expect(stderr).toMatch('There are no session logs at')
  })
})

describe('hostile session logs', () => {
  const known = (Object.keys(sessionIds) as Version[]).flatMap(filesOf).flatMap(linesOf)
  const objects = known.flatMap(line => (readEntry(line).kind === 'skipped' ? [] : [JSON.parse(line)]))

  test('5,000 disturbed lines give executions that can be recorded, or are named', () => {
    const rng = seedRng('transcripts-fuzz')
    let kept = 0
    let executions = 0
    for (let session = 0; session < 50; session++) {
      const log = new SessionLog(`hostile ${session}`)
      for (let i = 0; i < 100; i++) {
        const original = objects[(session * 7 + i) % objects.length]
        const line =
          integer(rng, 10) === 0
            ? JSON.stringify(original).slice(0, integer(rng, 200))
            : JSON.stringify(integer(rng, 3) === 0 ? original : disturbed(rng, original))
        const what = log.add(line ?? pick(rng, known))
        if (what === null) kept += 1
        else expect(what.length).toBeLessThan(100)
      }
      for (const { record } of log.history(laterMs, pick(rng, armKinds)).executions) {
        parse(recordSchema, record, 'record')
        executions += 1
      }
    }
    expect(kept).toBeGreaterThan(1000)
    expect(executions).toBeGreaterThan(200)
  })
})
