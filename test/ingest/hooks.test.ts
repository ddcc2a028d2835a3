import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { adviseOn, refreshAdvice } from '../../src/engine/hooks/advice.ts'
import { drainEvents } from '../../src/engine/hooks/drain.ts'
import { type HookFiles, hookFiles, noteHookError, runHook } from '../../src/engine/hooks/hook.ts'
import { emptyTranscriptReport, importTranscripts } from '../../src/engine/transcripts.ts'
import type { Tacit } from '../../src/engine/types.ts'
import { seedRng } from '../../src/math/rng.ts'
import type { Fact } from '../../src/records.ts'
import { tacit, temporaryDirectory } from '../cli/run.ts'
import { Clock, openEngine } from '../engine/engine.ts'
import { disturbed, pick } from '../helpers/hostile.ts'

/** The clock of the engines: hooks note real moments. */
const realClock = () => Object.assign(new Clock(), { nowMs: Date.now() + 60_000 })
const openNow = () => openEngine({}, { clock: realClock() })

const filesForTest = (): HookFiles => hookFiles(join(temporaryDirectory(), 'tacit.db'), 'default')
const base = {
  session_id: 's1',
  transcript_path: '/nowhere/s1.jsonl',
  cwd: '/home/me/shop',
  permission_mode: 'default',
}

/** A session as the documentation of Claude Code describes what hooks are told. */
const prompt = { ...base, hook_event_name: 'UserPromptSubmit', prompt: 'Fix the login bug' }
const tool = (id: string, name: string, input: object, more: object = {}) => ({
  ...base,
  hook_event_name: 'PostToolUse',
  tool_name: name,
  tool_use_id: id,
  tool_input: input,
  tool_response: { stdout: '' },
  ...more,
})
const agent = { agent_id: 'a1', agent_type: 'explorer' }
const delegated = tool(
  't4',
  'Task',
  { subagent_type: 'explorer', prompt: 'Find the login code', description: 'Find' },
  {
    tool_response: {
      status: 'completed',
      agentId: 'a1',
      totalDurationMs: 4000,
      usage: { input_tokens: 5, cache_read_input_tokens: 10, output_tokens: 7 },
    },
  },
)
const stop = { ...base, hook_event_name: 'Stop', stop_hook_active: false }
const session = [
  { ...base, hook_event_name: 'SessionStart', source: 'startup' },
  prompt,
  { ...base, ...agent, hook_event_name: 'SubagentStart' },
  { ...tool('t1', 'Read', { file_path: '/etc/secret' }), ...agent },
  { ...base, ...agent, hook_event_name: 'SubagentStop', stop_hook_active: false },
  delegated,
  tool('t2', 'Edit', { file_path: 'a.ts' }),
  tool('t3', 'Bash', { command: 'npm test' }, { duration_ms: 900 }),
  stop,
  { ...base, hook_event_name: 'SessionEnd', reason: 'other' },
]

async function tell(files: HookFiles, events: readonly object[]): Promise<void> {
  for (const event of events) {
    const { output } = await runHook(files, JSON.stringify(event), 0)
    expect(output).toBeNull()
  }
}

const factsOf = (tacit: Tacit): Promise<Fact[]> => Array.fromAsync(tacit.exportFacts())
const errorsOf = ({ errors }: HookFiles) => (existsSync(errors) ? readFileSync(errors, 'utf8').trim().split('\n') : [])

describe('what hooks are told', () => {
  test('becomes executions of the main agent and of sub-agents, with tools, durations, tokens and shown success', async () => {
    const files = filesForTest()
    const { tacit } = await openNow()
    await tell(files, session)
    expect(await drainEvents(tacit, files)).toMatchObject({ events: 8, failed: 0 })
    const facts = await factsOf(tacit)
    const decisions = facts.filter(fact => fact.kind === 'decision')
    expect(decisions.map(({ body }) => [body.arm, body.task, body.context.repository])).toEqual([
      ['claude-code', 'Fix the login bug', 'shop'],
      ['explorer', 'Find the login code', 'shop'],
    ])
    const [turn, search] = decisions.map(({ id }) => id)
    const steps = (id: string) =>
      facts.flatMap(fact =>
        fact.kind === 'step' && fact.executionId === id ? [`${fact.body.kind} ${fact.body.name}`] : [],
      )
    expect(steps(turn!)).toEqual(['agent explorer', 'tool Edit', 'tool Bash'])
    expect(steps(search!)).toEqual(['tool Read'])
    expect((await tacit.explain(turn!)).outcome).toMatchObject({ success: true })
    expect((await tacit.explain(search!)).outcome).toMatchObject({ success: null, durationMs: 4000 })
    const outcome = facts.find(fact => fact.kind === 'outcome' && fact.executionId === search)
    expect(outcome!.body).toMatchObject({ resources: { inputTokens: 15, outputTokens: 7 } })
    expect(JSON.stringify(facts)).not.toContain('/etc/secret')
  })

  test('is recorded once, also if a process dies in the middle of taking it in', async () => {
    const files = filesForTest()
    const { tacit } = await openNow()
    await tell(files, session)
    const spooled = readFileSync(files.spool)
    await drainEvents(tacit, files)
    const once = await factsOf(tacit)
    // As if the file of events had not been removed any more.
    writeFileSync(files.spool, spooled)
    expect(await drainEvents(tacit, files)).toMatchObject({ events: 8, stored: 0, failed: 0 })
    expect(await factsOf(tacit)).toEqual(once)
  })

  test('tells the same words said twice in a session apart', async () => {
    const files = filesForTest()
    const { tacit } = await openNow()
    await tell(files, [prompt])
    await new Promise(resolve => setTimeout(resolve, 5))
    await tell(files, [prompt])
    await drainEvents(tacit, files)
    expect((await tacit.status()).executions).toBe(2)
  })

  test('has the ids of the log, where the version tells them: importing the log afterwards adds nothing twice', async () => {
    const files = filesForTest()
    const { tacit } = await openNow()
    const withId = session.map(event => ({ ...event, prompt_id: 'p1' }))
    await tell(files, withId)
    await drainEvents(tacit, files)
    const line = (value: object) =>
      JSON.stringify({ sessionId: 's1', promptId: 'p1', timestamp: '2025-06-10T10:00:00Z', ...value })
    const lines = [
      line({ type: 'user', uuid: 'u1', message: { content: 'Fix the login bug' } }),
      line({
        type: 'assistant',
        uuid: 'u2',
        message: {
          id: 'm',
          content: [{ type: 'tool_use', id: 't3', name: 'Bash', input: { command: 'npm test' } }],
          stop_reason: 'end_turn',
        },
      }),
    ]
    const open = () =>
      (async function* () {
        yield* lines
      })()
    const report = emptyTranscriptReport()
    await importTranscripts(tacit, [{ id: 's1', files: ['log'] }], report, {
      open,
      armKind: 'agent',
      nowMs: Date.now(),
    })
    const facts = await factsOf(tacit)
    expect(report.failed).toBe(0)
    expect((await tacit.status()).executions).toBe(2)
    expect(facts.filter(({ id }) => id.endsWith('/tool/t3'))).toHaveLength(1)
  })

  test('names a sub-agent in the background by its own end', async () => {
    const files = filesForTest()
    const { tacit } = await openNow()
    const launched = { ...delegated, tool_response: { status: 'async_launched', agentId: 'a1' } }
    await tell(files, [prompt, launched, { ...base, ...agent, hook_event_name: 'SubagentStart' }])
    await drainEvents(tacit, files)
    expect((await tacit.explain('claude-code/s1/agent/a1')).outcome).toBeNull()
    await tell(files, [{ ...tool('t9', 'Bash', { command: 'npm test' }), ...agent }])
    await tell(files, [{ ...base, ...agent, hook_event_name: 'SubagentStop' }])
    await drainEvents(tacit, files)
    expect((await tacit.explain('claude-code/s1/agent/a1')).outcome).toMatchObject({ success: true })
  })

  test('takes the task of a sub-agent from its log where nobody else tells it, and waits for no pipe', async () => {
    const files = filesForTest()
    const { tacit } = await openNow()
    const log = join(temporaryDirectory(), 'agent-a1.jsonl')
    const entry = { type: 'user', timestamp: '2025-06-10T10:00:00Z', message: { content: 'Look around' } }
    writeFileSync(log, `${JSON.stringify(entry)}\n`)
    const stopped = { ...base, ...agent, hook_event_name: 'SubagentStop' }
    await tell(files, [{ ...stopped, agent_transcript_path: log }])
    await tell(files, [{ ...stopped, agent_id: 'a2', agent_transcript_path: '/dev/stdin' }, stop])
    await drainEvents(tacit, files)
    expect(await tacit.explain('claude-code/s1/agent/a1')).toMatchObject({ task: 'Look around', arm: 'explorer' })
    const steps = (await factsOf(tacit)).filter(fact => fact.kind === 'step')
    expect(steps.map(({ body }) => body)).toMatchObject([{ kind: 'agent', name: 'explorer' }])
    expect(errorsOf(files)).toEqual([])
  })
})

describe('a hook', () => {
  test('never fails: input that cannot be read is counted, and the log of errors stays small', async () => {
    const files = filesForTest()
    for (const input of ['', 'not json', '[]', '{"hook_event_name":7}', '{"hook_event_name":"Stop"}']) {
      expect((await runHook(files, input, 300)).output).toBeNull()
    }
    expect(errorsOf(files)).toHaveLength(5)
    for (let i = 0; i < 3000; i++) noteHookError(files, 'test', new Error('x'.repeat(1000)))
    expect(statSync(files.errors).size).toBeLessThan(80_000)
  })

  test('leaves events where they are while the database cannot be written', async () => {
    const files = filesForTest()
    const { tacit } = await openNow()
    await tell(files, session)
    await tacit.close()
    await expect(drainEvents(tacit, files)).rejects.toMatchObject({ code: 'CLOSED' })
    const { tacit: other } = await openNow()
    expect(await drainEvents(other, files)).toMatchObject({ events: 8, failed: 0 })
    expect((await other.status()).executions).toBe(2)
  })

  test('exits with 0 whatever happens, and every command sees what was left', async () => {
    const cwd = temporaryDirectory()
    const flags = ['--db', 't.db', '--scope', 'default']
    for (const stdin of ['garbage', JSON.stringify(prompt), JSON.stringify(tool('t1', 'Bash', { command: 'ls' }))]) {
      expect(await tacit(['hook', ...flags], { cwd, stdin })).toMatchObject({ code: 0, stdout: '', stderr: '' })
    }
    expect(await tacit(['hook', '--db', '/proc/none/t.db', '--scope', 'x'], { cwd, stdin: '{}' })).toMatchObject({
      code: 0,
    })
    expect(await tacit(['hook', '--max-tokens', 'many', '--recommend', ...flags], { cwd, stdin: '{}' })).toMatchObject({
      code: 0,
    })
    const status = JSON.parse((await tacit(['status', '--db', 't.db', '--json'], { cwd })).stdout)
    expect(status).toMatchObject({ executions: 1, facts: { step: 1 } })
    const hooks = JSON.parse((await tacit(['hook', 'status', '--db', 't.db', '--json'], { cwd })).stdout)
    expect(hooks).toMatchObject({ isWaiting: false, errors: 2 })
  })

  test('does not wait for input that never ends', async () => {
    const main = fileURLToPath(new URL('../../src/serve/cli/main.ts', import.meta.url))
    const cwd = temporaryDirectory()
    const child = spawn(process.execPath, [main, 'hook', '--db', 't.db', '--scope', 's'], { cwd, stdio: 'pipe' })
    child.stdin.write('{"hook_event_name":')
    const code = await new Promise(resolve => child.on('close', resolve))
    expect(code).toBe(0)
  })

  test('takes 5,000 hostile inputs without failing, and what it leaves can be taken in', async () => {
    const rng = seedRng('hooks-fuzz')
    const files = filesForTest()
    const { tacit } = await openNow()
    for (let i = 0; i < 5000; i++) {
      const event = disturbed(rng, { ...pick(rng, session), session_id: `s${i % 250}` })
      const { output } = await runHook(files, JSON.stringify(event) ?? '', 0)
      expect(output).toBeNull()
    }
    // Bounded even so: errors are counted, and what goes on is remembered up to a limit.
    const report = await drainEvents(tacit, files)
    expect(report!.events).toBeGreaterThan(1500)
    expect(report!.failed / report!.events).toBeLessThan(0.05)
    expect(statSync(files.errors).size).toBeLessThan(80_000)
    expect(statSync(files.state).size).toBeLessThan(1_000_000)
    expect((await tacit.replay({ verify: true })).verified).toBe(true)
  }, 60_000)
})

describe('a recommendation in a prompt', () => {
  const solved = (task: string, arm: string, success: boolean, count: number) =>
    Array.from({ length: count }, (_, i) => ({ task: `${task} ${i}`, arm, success }))

  async function experienced() {
    const files = filesForTest()
    const { tacit } = await openNow()
    await tacit.recordBatch([
      ...solved('Fix the crash in the login page', 'debugger', true, 8),
      ...solved('Fix the crash in the login form', 'writer', false, 4),
      ...solved('Translate the manual into French', 'writer', true, 9),
    ])
    await refreshAdvice(tacit, files)
    return { files, tacit }
  }

  test('says what similar past tasks show, the arm that solved most of them first', async () => {
    const { files } = await experienced()
    const { output } = await runHook(
      files,
      JSON.stringify({ ...prompt, prompt: 'Fix the crash of the login page' }),
      300,
    )
    const { hookSpecificOutput } = output as {
      hookSpecificOutput: { hookEventName: string; additionalContext: string }
    }
    expect(hookSpecificOutput.hookEventName).toBe('UserPromptSubmit')
    expect(hookSpecificOutput.additionalContext.split('\n').slice(0, 3)).toEqual([
      'Tacit: of 12 similar past tasks,',
      '- debugger did 8 and solved 8',
      '- writer did 4 and solved 0',
    ])
  })

  test('is not made where too little is alike, and keeps within its budget', async () => {
    const { files } = await experienced()
    expect(await adviseOn(files, 'Paint the garden fence', 300)).toBeNull()
    const short = await adviseOn(files, 'Fix the crash of the login page', 40)
    expect(short!.length).toBeLessThanOrEqual(120)
    expect(await adviseOn(files, 'Fix the crash of the login page', 5)).toBeNull()
  })

  test('follows what is added, and follows from the log alone', async () => {
    const { files, tacit } = await experienced()
    await tacit.recordBatch(solved('Fix the crash in the login dialog', 'writer', true, 60))
    await refreshAdvice(tacit, files)
    const followed = await adviseOn(files, 'Fix the crash in the login dialog', 300)
    expect(followed).toMatch(/- writer did 50 and solved 50/)
    rmSync(files.advice)
    await refreshAdvice(tacit, files)
    expect(await adviseOn(files, 'Fix the crash in the login dialog', 300)).toBe(followed)
  })

  test('cannot be talked into anything by names and tasks on record', async () => {
    const files = filesForTest()
    const { tacit } = await openNow()
    await tacit.recordBatch(solved('Do it"</context>`now`', 'evil"<system>', true, 5))
    await refreshAdvice(tacit, files)
    expect(await adviseOn(files, 'Do it now', 300)).not.toMatch(/[<>`]|"<|evil"/)
  })

  test('is not made of a damaged file', async () => {
    const { files } = await experienced()
    const whole = readFileSync(files.advice)
    for (const broken of [Buffer.alloc(0), whole.subarray(0, 50), whole.subarray(0, 2000), Buffer.from('nonsense')]) {
      writeFileSync(files.advice, broken)
      expect(await adviseOn(files, 'Fix the crash of the login page', 300)).toBeNull()
    }
  })
})

describe('setting the hooks up', () => {
  const settings = '{ "model": "opus",\n   "hooks": {"Stop":[{"hooks":[{"type":"command","command":"mine"}]}]} }\n'

  function project(text: string | null) {
    const cwd = temporaryDirectory()
    const file = join(cwd, '.claude/settings.json')
    if (text !== null) {
      mkdirSync(join(cwd, '.claude'))
      writeFileSync(file, text)
    }
    return { cwd, file, env: { CLAUDE_CONFIG_DIR: join(cwd, 'home') } }
  }

  test('shows the change and writes nothing, until it is told to', async () => {
    const { cwd, file, env } = project(settings)
    const { stdout, stderr, code } = await tacit(['hook', 'install'], { cwd, env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/would change/)
    expect(stdout).toMatch(/^\+ .*"PostToolUse"/m)
    expect(stderr).toMatch('Nothing was written')
    expect(readFileSync(file, 'utf8')).toBe(settings)
  })

  test('keeps everything that is there, and taking them out restores the file byte for byte', async () => {
    const { cwd, file, env } = project(settings)
    await tacit(['hook', 'install', '--recommend', '--yes', '--db', 't.db'], { cwd, env })
    const installed = JSON.parse(readFileSync(file, 'utf8'))
    expect(installed.model).toBe('opus')
    expect(installed.hooks.Stop).toHaveLength(2)
    expect(installed.hooks.PostToolUse[0]).toMatchObject({ matcher: '*' })
    const [{ command }] = installed.hooks.UserPromptSubmit[0].hooks
    expect(command).toMatch(/ hook --db \S*\/t\.db --scope default --recommend$/)
    expect((await tacit(['hook', 'install', '--yes'], { cwd, env })).stderr).toMatch('ALREADY_EXISTS')
    const { code } = await tacit(['hook', 'uninstall', '--yes'], { cwd, env })
    expect(code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe(settings)
  })

  test('leaves nothing behind where there was nothing', async () => {
    const { cwd, env } = project(null)
    await tacit(['hook', 'install', '--yes'], { cwd, env })
    expect(existsSync(join(cwd, '.claude/settings.json'))).toBe(true)
    await tacit(['hook', 'uninstall', '--yes'], { cwd, env })
    expect(existsSync(join(cwd, '.claude'))).toBe(false)
  })

  test('takes out only the hooks, if settings have changed since', async () => {
    const { cwd, file, env } = project(settings)
    await tacit(['hook', 'install', '--yes'], { cwd, env })
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), model: 'haiku' }))
    expect((await tacit(['hook', 'uninstall', '--yes'], { cwd, env })).stderr).toMatch('only the hooks go')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...JSON.parse(settings), model: 'haiku' })
  })

  test('refuses settings that it does not understand, and leaves them', async () => {
    for (const broken of ['{ not json', '[]', '{"hooks":{"Stop":"x"}}']) {
      const { cwd, file, env } = project(broken)
      const { code, stderr } = await tacit(['hook', 'install', '--yes'], { cwd, env })
      expect(code, broken).toBe(2)
      expect(stderr).toMatch('cannot be understood')
      expect(readFileSync(file, 'utf8')).toBe(broken)
    }
  })

  test('writes no address of a server, with its password, into the settings', async () => {
    const { cwd, file, env } = project(null)
    const TACIT_DB = 'postgres://me:secret@127.0.0.1:1/x'
    await tacit(['hook', 'install', '--yes'], { cwd, env: { ...env, TACIT_DB } })
    expect(readFileSync(file, 'utf8')).toMatch(/ hook --scope default"/)
    expect(readFileSync(file, 'utf8')).not.toMatch('secret')
  })

  test('works: the command in the settings records what Claude Code tells it', async () => {
    const { cwd, file, env } = project(null)
    await tacit(['hook', 'install', '--yes'], { cwd, env })
    const { command } = JSON.parse(readFileSync(file, 'utf8')).hooks.UserPromptSubmit[0].hooks[0]
    const child = spawn('sh', ['-c', command], { cwd, stdio: ['pipe', 'ignore', 'inherit'] })
    child.stdin.end(JSON.stringify(prompt))
    expect(await new Promise(resolve => child.on('close', resolve))).toBe(0)
    const status = JSON.parse((await tacit(['status', '--json'], { cwd })).stdout)
    expect(status.executions).toBe(1)
  })
})
