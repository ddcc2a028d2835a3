import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, onTestFinished, test } from 'vitest'
import { importShape, type Table, tablesOfParquet, tablesOfSqliteFile, tablesOfText } from '../../src/engine/shapes.ts'
import { TacitError } from '../../src/errors.ts'
import { Fields } from '../../src/ingest/shapes/fields.ts'
import { shapes } from '../../src/ingest/shapes/shapes.ts'
import type { Fact, FactKind, FactOf } from '../../src/records.ts'
import { openEngine } from '../engine/engine.ts'
import { collect } from '../helpers/collect.ts'

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.replace(/\n$/, '').split('\n')
}
const csv = (text: string) => tablesOfText(linesOf(text))
const json = (value: unknown) => tablesOfText(linesOf(JSON.stringify(value, null, 2)))

/** Takes tables into a fresh Tacit; the report, and the facts that it then holds. */
async function taken(from: string, tables: AsyncIterable<Table>) {
  const { tacit, clock } = await openEngine()
  clock.nowMs = Date.UTC(2026, 5, 1)
  const report = await importShape(tacit, tables, { from })
  const facts = await collect(tacit.exportFacts())
  return { tacit, report, facts }
}

const bodies = <K extends FactKind>(facts: readonly Fact[], kind: K): FactOf<K>['body'][] =>
  facts.filter((fact): fact is FactOf<K> => fact.kind === kind).map(({ body }) => body as FactOf<K>['body'])

describe('agent_performance', () => {
  const rows = `id,agent_name,task_type,execution_time_ms,success,error_message,context_embedding,created_at
1,OPTIMIZER,database,1250,t,,"[0.1,0.2]",2025-11-03 08:15:30.123456
2,SECURITY,audit,,f,"no access, again","[0.3]",2025-11-03 08:16:00+02
3,OPTIMIZER,,900,t,,,2025-11-03 08:17:00
4,,database,900,t,,,2025-11-03 08:17:00
5,OPTIMIZER,database,-5,t,,,2025-11-03 08:17:00
6,OPTIMIZER,database,10,perhaps,,,2025-11-03 08:17:00
`
  test('becomes executions; what a row does not say stays unknown, and a row that cannot be taken is named', async () => {
    const { report, facts } = await taken('agent-performance', csv(rows))
    expect(report).toEqual({
      from: 'agent-performance',
      rows: 6,
      stored: 2,
      duplicates: 0,
      valid: 0,
      skipped: 4,
      skippedRows: [
        { table: 'agent_performance', row: 3, reason: 'neither a description nor a type of the task' },
        { table: 'agent_performance', row: 4, reason: 'no agent_name' },
        { table: 'agent_performance', row: 5, reason: 'execution_time_ms is below zero' },
        { table: 'agent_performance', row: 6, reason: 'success is neither true nor false' },
      ],
      refused: [],
      unusedColumns: ['context_embedding'],
      dryRun: false,
    })
    const [first, second] = facts.filter(({ kind }) => kind === 'decision')
    expect(first).toMatchObject({
      atUs: Date.UTC(2025, 10, 3, 8, 15, 30, 123) * 1000,
      body: { task: 'database', taskType: 'database', arm: 'OPTIMIZER', propensity: null },
    })
    expect(second!.atUs).toBe(Date.UTC(2025, 10, 3, 6, 16) * 1000)
    expect(bodies(facts, 'outcome')).toMatchObject([
      { success: true, durationMs: 1250, costMicroUsd: null, quality: null },
      { success: false, durationMs: null, error: { type: 'unknown', message: 'no access, again' } },
    ])
  })

  test('taken in twice, or from another form of file, changes nothing', async () => {
    const { tacit } = await taken('agent-performance', csv(rows))
    const { logHash } = await tacit.replay()
    const dump = `--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n
COPY public.agent_performance (id, agent_name, task_type, execution_time_ms, success, error_message, context_embedding, created_at) FROM stdin;
1\tOPTIMIZER\tdatabase\t1250\tt\t\\N\t[0.1,0.2]\t2025-11-03 08:15:30.123456
2\tSECURITY\taudit\t\\N\tf\tno access, again\t[0.3]\t2025-11-03 08:16:00+02
\\.\n`
    const objects = [
      '{"id":1,"agent_name":"OPTIMIZER","task_type":"database","execution_time_ms":1250,"success":true,"created_at":"2025-11-03T08:15:30.123456"}',
      '{"id":2,"agent_name":"SECURITY","task_type":"audit","success":false,"error_message":"no access, again","created_at":"2025-11-03T06:16:00Z"}',
    ].join('\n')
    for (const text of [rows, dump, objects]) {
      const report = await importShape(tacit, csv(text), { from: 'agent-performance' })
      expect(report).toMatchObject({ stored: 0, duplicates: 2 })
    }
    expect((await tacit.replay()).logHash).toBe(logHash)
  })

  test('of another instance is another history, though its rows have the same numbers', async () => {
    const { tacit } = await taken('agent-performance', csv(rows))
    const other = rows.replaceAll('2025-11-03', '2025-12-03')
    expect(await importShape(tacit, csv(other), { from: 'agent-performance' })).toMatchObject({ stored: 2 })
  })

  test('on a dry run is checked and not written', async () => {
    const { tacit } = await openEngine()
    const report = await importShape(tacit, csv(rows), { from: 'agent-performance', dryRun: true })
    expect(report).toMatchObject({ valid: 2, skipped: 4, stored: 0, dryRun: true })
    expect((await tacit.status()).executions).toBe(0)
  })
})

test('agent_task_executions becomes executions of teams, with their satisfaction and the turns of their members', async () => {
  const row = {
    task_id: 'b1',
    task_type: 'security_audit',
    agents_used: ['SECURITY', 'CRYPTOEXPERT', 'SECURITY'],
    execution_order: ['SECURITY', 'CRYPTOEXPERT'],
    duration: 45.2,
    success: false,
    user_satisfaction: 10,
    resource_usage: { cpu_percent: 40, memory_mb: 512, duration_seconds: 45.2 },
    complexity: 3,
    error_messages: ['first', 'second'],
    predicted_success: 0.8,
    user_id: 'ada',
    created_at: 1_760_000_000,
  }
  const other = { task_id: 'b2', task_type: 'security_audit', agents_used: '{CRYPTOEXPERT,SECURITY}', success: true }
  const { report, facts } = await taken(
    'agent-task-executions',
    json([row, other, { task_id: 'b3', agents_used: '[]' }]),
  )
  expect(report).toMatchObject({ stored: 2, skipped: 1, skippedRows: [{ row: 3, reason: 'no agents_used' }] })
  const decisions = bodies(facts, 'decision')
  expect(decisions).toMatchObject([
    { arm: 'CRYPTOEXPERT+SECURITY', context: { complexity: 3 }, metadata: { predictedSuccess: 0.8 } },
    { arm: 'CRYPTOEXPERT+SECURITY', context: {}, metadata: null },
  ])
  expect(decisions[0]!.context.complexity01).toBeUndefined()
  expect(decisions[0]!.userId).toMatch(/^[0-9a-f]{32}$/)
  expect(bodies(facts, 'step')).toMatchObject([
    { agent: 'SECURITY', seq: 0, status: 'started' },
    { agent: 'CRYPTOEXPERT', seq: 1, status: 'started' },
  ])
  expect(bodies(facts, 'outcome')[0]).toMatchObject({
    success: false,
    durationMs: 45_200,
    error: { message: 'first\nsecond' },
    resources: { cpuPercent: 40, memoryMb: 512 },
  })
  expect(bodies(facts, 'feedback')).toMatchObject([{ value01: 1, dimension: 'overall' }])
})

test('executions keep every column that has a place, on its own scale', async () => {
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: 'task_id', data: ['6f2c'], type: 'STRING' },
      { name: 'timestamp', data: [new Date('2026-01-02T03:04:05Z')], type: 'TIMESTAMP' },
      { name: 'task_type', data: ['refactor'], type: 'STRING' },
      { name: 'task_description', data: ['Split the module'], type: 'STRING' },
      { name: 'repo', data: ['api'], type: 'STRING' },
      { name: 'file_count', data: [7], type: 'INT32' },
      { name: 'estimated_tokens', data: [1200n], type: 'INT64' },
      { name: 'model_tier', data: ['medium'], type: 'STRING' },
      { name: 'pool_type', data: ['session_buddy'], type: 'STRING' },
      { name: 'swarm_topology', data: ['mesh'], type: 'STRING' },
      { name: 'routing_confidence', data: [0.8], type: 'DOUBLE' },
      { name: 'complexity_score', data: [60], type: 'INT32' },
      { name: 'success', data: [false], type: 'BOOLEAN' },
      { name: 'duration_seconds', data: [1.5], type: 'DOUBLE' },
      { name: 'quality_score', data: [85], type: 'INT32' },
      { name: 'cost_estimate', data: [0.01], type: 'DOUBLE' },
      { name: 'actual_cost', data: [0.0123], type: 'DOUBLE' },
      { name: 'error_type', data: ['lint'], type: 'STRING' },
      { name: 'error_message', data: ['eslint failed'], type: 'STRING' },
      { name: 'user_accepted', data: [false], type: 'BOOLEAN' },
      { name: 'user_rating', data: [2], type: 'INT32' },
      { name: 'peak_memory_mb', data: [900.5], type: 'DOUBLE' },
      { name: 'cpu_time_seconds', data: [0.7], type: 'DOUBLE' },
      { name: 'solution_summary', data: ['moved the parser out'], type: 'STRING' },
      { name: 'metadata', data: ['{"ticket":"A-1"}'], type: 'STRING' },
    ],
  })
  const { report, facts } = await taken('executions', tablesOfParquet(buffer))
  expect(report).toMatchObject({ stored: 1, skipped: 0, unusedColumns: [] })
  expect(bodies(facts, 'decision')[0]).toMatchObject({
    task: 'Split the module',
    taskType: 'refactor',
    arm: 'medium/session_buddy/mesh',
    arms: [{ facets: { tier: 'medium', pool: 'session_buddy', topology: 'mesh' } }],
    routingConfidence: 0.8,
    context: { repository: 'api', fileCount: 7, estimatedTokens: 1200, estimatedCostUsd: 0.01, complexity01: 0.6 },
    metadata: { ticket: 'A-1' },
  })
  expect(bodies(facts, 'outcome')[0]).toMatchObject({
    success: false,
    durationMs: 1500,
    quality: 0.85,
    costMicroUsd: 12_300,
    error: { type: 'other:lint', message: 'eslint failed' },
    resources: { peakMemoryMb: 900.5, cpuTimeMs: 700 },
    solutionSummary: 'moved the parser out',
  })
  expect(bodies(facts, 'feedback')).toMatchObject([
    { dimension: 'accepted', value01: 0 },
    { dimension: 'overall', value01: 0.25 },
  ])
})

test('a rating that comes later is added to an execution that is there', async () => {
  const row = { task_id: 'x', timestamp: '2026-01-01T00:00:00', task_type: 'fix', model_tier: 'small', success: true }
  const { tacit } = await taken('executions', json([row]))
  expect(await importShape(tacit, json([{ ...row, user_rating: 5 }]), { from: 'executions' })).toMatchObject({
    stored: 1,
  })
  expect(await tacit.status()).toMatchObject({ executions: 1, facts: { outcome: 1, feedback: 1 } })
})

test('the SQLite file of agentic-qe gives its experiences; Q-values and patterns are refused with the reason', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tacit-shapes-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'memory.db')
  const database = new DatabaseSync(path)
  database.exec(`
    CREATE TABLE learning_history (experience_id TEXT, agent_id TEXT, task_id TEXT, task_type TEXT, state TEXT, action TEXT,
      reward REAL, next_state TEXT, context TEXT, timestamp INTEGER);
    INSERT INTO learning_history VALUES
      ('e1', 'test-gen', 't1', 'unit', '{"taskComplexity":0.4}',
        '{"strategy":"parallel","parallelization":0.8,"retryPolicy":"exponential"}', 1.5, '{}', NULL, 1760000000000),
      ('e2', 'test-gen', 't2', 'unit', '{}', '"sequential"', 7, '{}', NULL, 1760000001000);
    CREATE TABLE q_values (agent_id TEXT, state_key TEXT, action_key TEXT, q_value REAL, update_count INTEGER);
    INSERT INTO q_values VALUES ('a', 's', 'x', 0.5, 3), ('a', 's', 'y', 0.1, 2);
    CREATE TABLE patterns (id TEXT, template TEXT, framework TEXT);`)
  database.close()
  const { report, facts } = await taken('agentic-qe', tablesOfSqliteFile(path, 'agentic-qe'))
  expect(report).toMatchObject({
    rows: 2,
    stored: 1,
    skippedRows: [{ table: 'learning_history', row: 2, reason: 'reward 7 lies beyond ±2' }],
    refused: [
      { table: 'q_values', rows: 2, reason: expect.stringContaining('without the executions behind them') },
      { table: 'patterns', rows: 0 },
    ],
  })
  expect(bodies(facts, 'decision')[0]).toMatchObject({
    arm: 'parallel:0.8:exponential',
    taskType: 'unit',
    context: { complexity01: 0.4 },
    metadata: { reward: 1.5, agentId: 'test-gen', taskId: 't1' },
  })
  expect(bodies(facts, 'outcome')[0]).toMatchObject({ success: null, quality: 0.875 })
})

test('a table of Q-values alone is refused and nothing is invented', async () => {
  const { report, facts } = await taken(
    'agentic-qe',
    csv('agent_id,state_key,action_key,q_value,update_count,confidence\na,s,x,0.5,3,0.9\n'),
  )
  expect(report).toMatchObject({ rows: 0, refused: [{ table: 'q_values', rows: 1 }] })
  expect(facts).toEqual([])
})

test('state 1.0 gives its ratings, which wait for their tasks; averages per strategy are refused with the reason', async () => {
  const state = {
    version: '1.0',
    timestamp: 1_760_000_000.5,
    strategy_history: {
      analytical: { strategy_name: 'analytical', success_count: 8, total_attempts: 10, average_rating: 4.2 },
    },
    feedback_history: [
      {
        task_id: 'task-1',
        feedback_type: 'accuracy',
        rating: 4,
        comments: 'close',
        improvement_suggestions: ['check twice'],
        timestamp: 1_760_000_000,
      },
      {
        task_id: 'task-2',
        feedback_type: 'FeedbackType.OVERALL',
        rating: 9,
        comments: null,
        improvement_suggestions: [],
      },
    ],
    metrics: {},
  }
  const { tacit, report, facts } = await taken('strategy-state', json(state))
  expect(report).toMatchObject({
    rows: 2,
    stored: 1,
    skipped: 1,
    refused: [{ table: 'strategy_history', rows: 1, reason: expect.stringContaining('invented') }],
  })
  expect(bodies(facts, 'feedback')).toMatchObject([
    { dimension: 'accuracy', value01: 0.75, comment: 'close', suggestions: ['check twice'] },
  ])
  await tacit.record({ task: 'Look it up', arm: 'analytical', success: true, executionId: 'task-1' })
  expect(await tacit.metrics()).toMatchObject({ groups: [{ executions: 1, rating: { mean: 0.75, n: 1 } }] })
})

describe('a file', () => {
  test.each([
    ['of another system', 'executions', 'agent_name,success\nA,t\n', 'is made of executions'],
    ['that is empty', 'executions', '\n', 'the file is empty'],
    ['of broken CSV', 'agent-performance', 'id,agent_name\n1,"A\n', 'sound CSV'],
    ['of broken JSON', 'agent-performance', '[{"agent_name":\n', 'sound JSON'],
    [
      'with INSERT statements',
      'agent-performance',
      '-- dump\nINSERT INTO agent_performance VALUES (1);\n',
      '--inserts',
    ],
    [
      'that ends within a table',
      'agent-performance',
      '-- d\nCOPY x.agent_performance (id, agent_name) FROM stdin;\n',
      'ends within',
    ],
  ])('%s is refused with what is wrong', async (_, from, text, message) => {
    const error = await taken(from, csv(text)).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TacitError)
    expect(error).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining(message) })
  })

  test('of any size is read row by row', async () => {
    const rows = async function* () {
      yield 'id,agent_name,task_type,success,created_at'
      for (let i = 0; i < 1200; i++) yield `${i},agent ${i % 3},chore,${i % 2 === 0},2026-01-01T00:00:00Z`
    }
    const { report, tacit } = await taken('agent-performance', tablesOfText(rows()))
    expect(report).toMatchObject({ rows: 1200, stored: 1200 })
    expect((await tacit.status()).executions).toBe(1200)
  })
})

describe('the columns of a table', () => {
  /** Remembers every column that it was asked for, there or not. */
  class Asked extends Fields {
    readonly asked = new Set<string>()
    override raw(...names: readonly string[]): unknown {
      for (const name of names) this.asked.add(name)
      return super.raw(...names)
    }
  }
  const sample = {
    agent_name: 'a',
    agents_used: 'a',
    model_tier: 'a',
    action: 'a',
    task_type: 't',
    task_id: 'x',
    rating: 3,
  }
  const docs = readFileSync(new URL('../../docs/data.md', import.meta.url), 'utf8')
  const listed = docs.slice(docs.indexOf('| `--from` | columns |'))

  test.each(shapes.map(({ id }) => id))('of %s stand in docs/data.md, all that are taken and no others', id => {
    const row = new Asked(sample)
    for (const { take } of shapes.find(shape => shape.id === id)!.tables) if (typeof take === 'function') take(row)
    const line = listed.split('\n').find(text => text.startsWith(`| \`${id}\` |`))!
    const names = [...line.matchAll(/`([^`]+)`/g)].map(([, name]) => name!).slice(1)
    expect(names.toSorted()).toEqual([...row.asked].toSorted())
  })

  test('may have plain names for duration, cost, tier, pool and topology', async () => {
    const rows = 'task_type,tier,pool,topology,duration_ms,cost_usd\nfix,small,local,mesh,1500,0.25\n'
    const { report, facts } = await taken('executions', csv(rows))
    expect(report).toMatchObject({ stored: 1, skipped: 0, unusedColumns: [] })
    expect(bodies(facts, 'decision')).toMatchObject([{ arm: 'small/local/mesh' }])
    expect(bodies(facts, 'outcome')).toMatchObject([{ durationMs: 1500, costMicroUsd: 250_000 }])
    for (const [from, name] of [
      ['agent-performance', 'agent_name'],
      ['agent-task-executions', 'agents'],
    ] as const) {
      const { facts } = await taken(from, csv(`task_type,${name},duration_ms,cost_usd\nfix,a,1500,0.25\n`))
      expect(bodies(facts, 'outcome')).toMatchObject([{ durationMs: 1500, costMicroUsd: 250_000 }])
    }
  })
})
