import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

const main = fileURLToPath(new URL('../../src/serve/cli/main.ts', import.meta.url))
const arms = ['optimizer', 'architect']

interface Running {
  readonly child: ChildProcess
  /** What was printed so far, both streams. */
  output(): { stdout: string; stderr: string }
  /** Waits until standard output or error matches, and gives back the match. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  readonly finished: Promise<number | null>
}

/** A command that goes on until it is told to stop. */
function start(args: readonly string[], cwd: string): Running {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  let wake = () => {}
  child.stdout!.on('data', data => {
    stdout += data
    wake()
  })
  child.stderr!.on('data', data => {
    stderr += data
    wake()
  })
  const finished = new Promise<number | null>(resolve =>
    child.on('close', code => {
      resolve(code)
      wake()
    }),
  )
  let isOver = false
  finished.then(() => {
    isOver = true
  })
  return {
    child,
    output: () => ({ stdout, stderr }),
    finished,
    until: async pattern => {
      for (;;) {
        const found = pattern.exec(stdout) ?? pattern.exec(stderr)
        if (found !== null) return found
        if (isOver) throw new Error(`It ended without ${pattern}: ${stdout}${stderr}`)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    },
  }
}

async function serving(cwd: string, args: readonly string[] = []) {
  const running = start(['serve', '--port', '0', ...args], cwd)
  const [, url] = await running.until(/"url":"(http:[^"]+)"/)
  return { ...running, url: url! }
}

const post = (url: string, body: unknown, key?: string) =>
  fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key && { Authorization: `Bearer ${key}` }) },
    body: JSON.stringify(body),
  })

describe('tacit serve', () => {
  it('answers until SIGTERM, keeps what it took in, and prints nothing on standard output', async () => {
    const cwd = temporaryDirectory()
    const { url, child, finished, output } = await serving(cwd)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await (await post(`${url}/v1/decide`, { task: 'Sort the mail', arms })).json()).toMatchObject({
      stage: 'auto',
    })
    child.kill('SIGTERM')
    expect(await finished).toBe(0)
    expect(output().stdout).toBe('')
    for (const line of output().stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: 'info' })
    const { stdout } = await tacit(['status', '--json'], { cwd })
    expect(JSON.parse(stdout)).toMatchObject({ executions: 1 })
  })

  it('reads its configuration again at SIGHUP, and stays as it was if that is wrong', async () => {
    const cwd = temporaryDirectory()
    const file = join(cwd, 'tacit.config.json')
    writeFileSync(file, JSON.stringify({ stage: 'observe' }))
    const { url, child, until } = await serving(cwd)
    const stage = async () => ((await (await fetch(`${url}/v1/status`)).json()) as { stage: string }).stage
    expect(await stage()).toBe('observe')
    writeFileSync(file, JSON.stringify({ stage: 'shadow' }))
    child.kill('SIGHUP')
    await until(/read again/)
    expect(await stage()).toBe('shadow')
    writeFileSync(file, JSON.stringify({ stage: 'canary', colour: 'red' }))
    child.kill('SIGHUP')
    await until(/stays as it was: Unknown option colour/)
    expect(await stage()).toBe('shadow')
  })

  it('does not listen where others can reach it without keys, and says what to do', async () => {
    const cwd = temporaryDirectory()
    const { code, stdout, stderr } = await tacit(['serve', '--host', '0.0.0.0', '--port', '0'], { cwd })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('tacit keys create')
  })

  it('says so where something else listens', async () => {
    const cwd = temporaryDirectory()
    const { url } = await serving(cwd)
    const { code, stderr } = await tacit(['serve', '--port', new URL(url).port], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain('something else listens there')
  })
})

describe('tacit keys', () => {
  it('makes a key, shows it once, lists it, and revokes it under a running server', async () => {
    const cwd = temporaryDirectory()
    const made = await tacit(['keys', 'create', 'agent 7', '--scope', 'shop', '--access', 'decide,record'], { cwd })
    expect(made.code).toBe(0)
    const secret = made.stdout.trim()
    expect(secret).toMatch(/^tacit_[0-9a-f]{8}_[\w-]{43}$/)
    expect(readFileSync(join(cwd, 'tacit.keys.json'), 'utf8')).not.toContain(secret)
    const { stdout: list } = await tacit(['keys', 'list', '--json'], { cwd })
    const { keys } = JSON.parse(list)
    expect(keys).toMatchObject([{ name: 'agent 7', project: 'shop', access: ['decide', 'record'], expiresAt: null }])
    const { url } = await serving(cwd, ['--require-keys'])
    const decide = () => post(`${url}/v1/decide`, { task: 'Sort the mail', arms }, secret)
    expect((await decide()).status).toBe(200)
    expect((await post(`${url}/v1/status`, {}, secret)).status).toBe(403)
    expect((await tacit(['keys', 'revoke', keys[0].id], { cwd })).code).toBe(0)
    expect((await decide()).status).toBe(401)
  })

  it.each([
    [['create', 'x', '--access', 'root'], 'read, record, decide, admin'],
    [['create', 'x', '--days', '-1'], 'above 0'],
    [['create', ''], 'must not be empty'],
    [['revoke', 'nobody'], 'tacit keys list'],
  ])('refuses %j', async (args, hint) => {
    const cwd = temporaryDirectory()
    const { code, stderr } = await tacit(['keys', ...args], { cwd })
    expect(code).not.toBe(0)
    expect(stderr).toContain(hint)
    expect(existsSync(join(cwd, 'tacit.keys.json'))).toBe(false)
  })
})

describe('tacit watch', () => {
  it('shows what others write to the database, and ends quietly at Ctrl-C', async () => {
    const cwd = temporaryDirectory()
    await tacit(['init'], { cwd })
    const watching = start(['watch', '--after', '0'], cwd)
    await tacit(['decide', 'Sort the mail', '--type', 'office', '--arms', 'optimizer', '--id', 'd1'], { cwd })
    await tacit(['observe', 'd1', '--success', '--duration-ms', '1200'], { cwd })
    await watching.until(/outcome/)
    expect(watching.output().stdout).toMatch(
      /decision {2}optimizer \(p 1\.00\) {2}\[office\] Sort the mail\n.*outcome .*success {2}1\.2 s\n/,
    )
    watching.child.kill('SIGINT')
    expect(await watching.finished).toBe(0)
    expect(watching.output().stderr).toBe('')
  })

  it('shows a server the same way, as JSON lines if asked', async () => {
    const cwd = temporaryDirectory()
    const { url } = await serving(cwd)
    await post(`${url}/v1/record`, { task: 'Sort the mail', arm: 'architect', success: false })
    const watching = start(['watch', '--url', url, '--json', '--after', '0'], cwd)
    await watching.until(/"kind":"outcome".*\n/)
    const events = watching
      .output()
      .stdout.trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(events).toMatchObject([
      { kind: 'decision', task: 'Sort the mail', arm: 'architect', propensity: null },
      { kind: 'outcome', success: false },
    ])
    watching.child.kill('SIGTERM')
    expect(await watching.finished).toBe(0)
  })

  it('refuses a place that is none', async () => {
    const { code, stderr } = await tacit(['watch', '--after', 'now'], { cwd: temporaryDirectory() })
    expect(code).toBe(2)
    expect(stderr).toContain('a place in the log')
  })
})
