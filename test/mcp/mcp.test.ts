import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Operation, operations } from '../../src/engine/operations.ts'
import type { Tacit } from '../../src/engine/types.ts'
import { errorCodes } from '../../src/errors.ts'
import { seedRng } from '../../src/math/rng.ts'
import { bounded } from '../../src/serve/mcp/bounded.ts'
import { createMcpServer, maxAnswerBytes } from '../../src/serve/mcp/server.ts'
import { outputOf, toolNames, tools } from '../../src/serve/mcp/tools.ts'
import { temporaryDirectory } from '../cli/run.ts'
import { openEngine } from '../engine/engine.ts'
import { disturbed, pick } from '../helpers/hostile.ts'
import { configIn, folderForTest, makeKey, serve, serveForTest } from '../http/serving.ts'

const main = fileURLToPath(new URL('../../src/serve/cli/main.ts', import.meta.url))
const task = 'Speed up the nightly sales report'
const arms = ['optimizer', 'architect']

/** Inputs that each tool understands, in an order in which they can be called. */
const calls: { readonly [Name in (typeof toolNames)[number]]: Record<string, unknown> } = {
  decide: { task, taskType: 'database', arms, decisionId: 'd1' },
  observe: { decisionId: 'd1', success: true, durationMs: 1200, outcomeId: 'o1' },
  record: { task: 'Rewrite the login page', arm: 'architect', success: false, executionId: 'r1' },
  feedback: { executionId: 'd1', value: 'good', feedbackId: 'f1' },
  recommend: { task, limit: 1 },
  predict: { task, taskType: 'database' },
  similar: { task, limit: 3 },
  metrics: { groupBy: ['arm'] },
  status: {},
  explain: { decisionId: 'd1' },
}

async function call(client: Client, name: string, input: Record<string, unknown>): Promise<CallToolResult> {
  return (await client.callTool({ name, arguments: input })) as CallToolResult
}

const textOf = ({ content }: CallToolResult) => (content[0] as { text: string }).text

/** A client of the official SDK, which checks every answer against the tool's output schema. */
async function connected(transport: Parameters<Client['connect']>[0]): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(transport)
  onTestFinished(() => client.close())
  return client
}

async function inMemory(tacit: Tacit, faults: unknown[] = []): Promise<Client> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const server = createMcpServer({ use: work => work(tacit), access: ['admin'], onFault: error => faults.push(error) })
  await server.connect(theirs)
  return connected(ours)
}

const callLine = (id: number, name: string, input: object) =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: input } })

/** What `tacit mcp` says to these lines, after which its input ends. */
function spoken(db: string, input: readonly string[]): { lines: unknown[]; errors: string } {
  const { stdout, stderr } = spawnSync(process.execPath, [main, 'mcp', '--db', db], {
    input: `${input.join('\n')}\n`,
    encoding: 'utf8',
  })
  const lines = stdout.trim().split('\n')
  return { lines: lines.map(line => JSON.parse(line)), errors: stderr }
}

/** Lists the tools (so that answers are checked), then calls each; gives back what each said. */
async function callEach(client: Client): Promise<Record<string, CallToolResult>> {
  const listed = await client.listTools()
  expect(listed.tools.map(({ name }) => name)).toEqual([...toolNames])
  const answers: Record<string, CallToolResult> = {}
  for (const name of toolNames) answers[name] = await call(client, name, calls[name])
  return answers
}

function expectTheLoop(answers: Record<string, CallToolResult>): void {
  for (const [name, { isError, structuredContent, content }] of Object.entries(answers)) {
    expect(isError, `${name}: ${JSON.stringify(content)}`).toBeFalsy()
    const parsed = outputOf(operations[name as (typeof toolNames)[number]]).safeParse(structuredContent)
    expect(parsed.error, name).toBeUndefined()
  }
  const { decide, observe, explain, status } = answers as Record<
    'decide' | 'observe' | 'explain' | 'status',
    CallToolResult
  >
  expect(arms).toContain(decide.structuredContent!.arm)
  expect(observe.structuredContent).toMatchObject({ status: 'stored', executionId: 'd1' })
  expect(explain.structuredContent).toMatchObject({ outcome: { success: true }, feedback: 1 })
  expect(status.structuredContent).toMatchObject({ executions: 2, withOutcome: 2 })
}

describe('the tools for agents', () => {
  test('work over standard input and output, where nothing but the protocol is written', async () => {
    const db = join(temporaryDirectory(), 'mcp.db')
    const args = [main, 'mcp', '--db', db]
    const client = await connected(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }))
    expectTheLoop(await callEach(client))
    await client.close()

    const { lines, errors } = spoken(db, ['not json', '{"a":1}', callLine(1, 'status', {})])
    expect(lines).toMatchObject([
      { jsonrpc: '2.0', id: null, error: { code: -32700, message: expect.stringContaining('JSON') } },
      { jsonrpc: '2.0', id: null, error: { code: -32600 } },
      { jsonrpc: '2.0', id: 1, result: { structuredContent: { executions: 2 } } },
    ])
    expect(errors).toBe('')
  })

  test('take calls that were sent without waiting in their order, and answer all of them when the input ends', () => {
    const { lines } = spoken(join(temporaryDirectory(), 'mcp.db'), [
      callLine(1, 'decide', calls.decide),
      callLine(2, 'observe', calls.observe),
      callLine(3, 'explain', calls.explain),
    ])
    expect(lines).toMatchObject([
      { id: 1, result: { structuredContent: { decisionId: 'd1' } } },
      { id: 2, result: { structuredContent: { status: 'stored' } } },
      { id: 3, result: { structuredContent: { outcome: { success: true } } } },
    ])
  })

  test('run one after the other, and not at all if cancelled before their turn', async () => {
    const { tacit } = await openEngine()
    const started = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const done: string[] = []
    const status = async () => {
      started.resolve()
      await gate.promise
      done.push('status')
      return tacit.status()
    }
    const decide = (input: Parameters<Tacit['decide']>[0]) => {
      done.push('decide')
      return tacit.decide(input)
    }
    const client = await inMemory({ ...tacit, status, decide } as Tacit)
    const first = call(client, 'status', {})
    await started.promise
    const control = new AbortController()
    const cancelled = client.callTool({ name: 'record', arguments: calls.record }, undefined, {
      signal: control.signal,
    })
    const last = call(client, 'decide', calls.decide)
    control.abort()
    await expect(cancelled).rejects.toThrow()
    gate.resolve()
    await Promise.all([first, last])
    expect(done).toEqual(['status', 'decide'])
    expect((await tacit.status()).executions).toBe(1)
  })

  test('work over streamable HTTP, each request for itself', async () => {
    const { url } = await serveForTest()
    const client = await connected(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)))
    expectTheLoop(await callEach(client))
  })

  test('are over HTTP those that the key allows, in the project of the key', async () => {
    const folder = folderForTest()
    const config = configIn(folder, { server: { requireKeys: true } })
    const { secret } = makeKey(config, { project: 'other', access: ['read'] })
    const { url, send } = await serve(config, folder)
    const withKey = { requestInit: { headers: { Authorization: `Bearer ${secret}` } } }
    const client = await connected(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), withKey))
    const { tools: listed } = await client.listTools()
    expect(listed.map(({ name }) => name)).toEqual(['recommend', 'predict', 'similar', 'metrics', 'status', 'explain'])
    await expect(call(client, 'record', calls.record)).rejects.toThrow('There is no tool')
    expect((await call(client, 'status', {})).structuredContent).toMatchObject({ scope: 'other', executions: 0 })
    expect((await send('/mcp', { body: { jsonrpc: '2.0', id: 1, method: 'tools/list' } })).status).toBe(401)
  })

  test('say of themselves what they do to the log, as the operations do', () => {
    for (const { name, annotations } of tools) {
      const { readOnly, destructive, idempotent }: Operation = operations[name as (typeof toolNames)[number]]
      expect(annotations).toMatchObject({
        readOnlyHint: readOnly,
        destructiveHint: destructive,
        idempotentHint: idempotent,
        openWorldHint: false,
      })
    }
    expect(tools.filter(({ annotations }) => annotations!.readOnlyHint).map(({ name }) => name)).not.toContain('decide')
  })

  test('are described in at most 32 kB, each field of an input with its sentence', () => {
    expect(Buffer.byteLength(JSON.stringify(tools))).toBeLessThan(32_768)
    for (const { name, inputSchema } of tools) {
      for (const [field, schema] of Object.entries(inputSchema.properties ?? {})) {
        expect((schema as { description?: string }).description, `${name}.${field}`).toMatch(/\w/)
      }
    }
  })

  test('answer wrong input with an error that the agent can act on, and write nothing', async () => {
    const { tacit } = await openEngine()
    const client = await inMemory(tacit)
    const wrong = await call(client, 'decide', { task: 7, arms, colour: 'red' })
    expect(wrong.isError).toBe(true)
    expect(textOf(wrong)).toMatch(/^INVALID_INPUT: decide: .*task.*colour/s)
    expect(textOf(await call(client, 'explain', { decisionId: 'nobody' }))).toMatch(/^NOT_FOUND: /)
    expect((await tacit.status()).executions).toBe(0)
  })

  test('tell the agent of a fault of Tacit in one line, and whoever runs it in full', async () => {
    const { tacit } = await openEngine()
    const faults: unknown[] = []
    const broken = { ...tacit, status: () => Promise.reject(new Error('secret detail')) } as unknown as Tacit
    const answer = await call(await inMemory(broken, faults), 'status', {})
    expect(textOf(answer)).toBe('INTERNAL: This is a fault of Tacit.')
    expect(faults).toEqual([new Error('secret detail')])
  })

  test('answer briefly, however much is on record, and say that something was left out', async () => {
    const { tacit } = await openEngine()
    const many = Array.from({ length: 400 }, (_, i) => ({
      task: `${task} ${'and again '.repeat(50)} ${i}`,
      arm: `arm-${i % 40}`,
      success: i % 2 === 0,
    }))
    await tacit.recordBatch(many)
    const client = await inMemory(tacit)
    await client.listTools()
    for (const [name, input] of Object.entries({ metrics: {}, similar: { task, limit: 300 }, predict: { task } })) {
      const answer = await call(client, name, input)
      expect(answer.isError, textOf(answer)).toBeFalsy()
      expect(Buffer.byteLength(JSON.stringify(answer.structuredContent))).toBeLessThanOrEqual(maxAnswerBytes)
      expect(textOf(answer).length).toBeLessThan(1600)
      if (name !== 'metrics') expect(textOf(answer), name).toMatch('shortened')
    }
  })

  test('do not call it a probability of success while nothing was observed', async () => {
    const { tacit } = await openEngine()
    const answer = await call(await inMemory(tacit), 'decide', calls.decide)
    expect(textOf(answer)).toMatch('Expected success unknown')
  })
})

describe('an answer within its size', () => {
  test('is left as it is where it fits', () => {
    const value = { items: [1, 2, 3], text: 'short' }
    expect(bounded(value, 1000)).toEqual({ value, isShortened: false })
  })

  test('keeps the beginning of lists and texts, and pairs whole', () => {
    const value = { interval: [0.1, 0.9], items: Array.from({ length: 500 }, (_, i) => ({ i, text: 'x'.repeat(900) })) }
    const { value: kept, isShortened } = bounded(value, 4000)
    expect(isShortened).toBe(true)
    expect(kept.interval).toEqual([0.1, 0.9])
    expect((kept.items as { i: number }[])[0]!.i).toBe(0)
    expect(JSON.stringify(kept).length).toBeLessThanOrEqual(4000)
  })
})

describe('hostile calls of tools', () => {
  test('5,000 disturbed inputs give an answer that fits its schema or a typed error, and break nothing', async () => {
    const rng = seedRng('mcp-fuzz')
    const { tacit } = await openEngine()
    const faults: unknown[] = []
    const client = await inMemory(tacit, faults)
    await client.listTools()
    await callEach(client)
    const outcomes = { answered: 0, refused: 0 }
    for (let i = 0; i < 5000; i++) {
      const name = pick(rng, toolNames)
      const input = disturbed(rng, calls[name])
      const asObject = input !== null && typeof input === 'object' && !Array.isArray(input)
      const answer = await call(client, name, (asObject ? input : { task: input }) as Record<string, unknown>)
      if (answer.isError) {
        outcomes.refused += 1
        const code = textOf(answer).split(':')[0]!
        expect(Object.keys(errorCodes), textOf(answer)).toContain(code)
      } else outcomes.answered += 1
    }
    expect(faults).toEqual([])
    // Both ways were really taken.
    expect(Math.min(outcomes.answered, outcomes.refused)).toBeGreaterThan(500)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect((await tacit.replay({ verify: true })).verified).toBe(true)
  }, 60_000)
})
