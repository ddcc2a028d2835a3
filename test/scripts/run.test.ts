import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const scripts = join(import.meta.dirname, '../../scripts')
const runtime = 'node_modules/node/bin/node'
let root: string

/** A tiny project with our scripts, an npm that only notes that it was called, and a command line made for the test. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tacit-run-'))
  cpSync(scripts, join(root, 'scripts'), { recursive: true })
  write('package.json', '{ "type": "module" }')
  write('package-lock.json', '{}')
  installAsNpmDoes()
  npmDoes('exit 0')
  commandLineDoes(`console.log(JSON.stringify(process.argv.slice(2)))`)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('the command runner', () => {
  test('runs the command with its arguments, and does not install when all is fresh', async () => {
    const result = await run('tacit', 'decide', '--task', 'a b')
    expect(result).toEqual({ status: 0, stdout: '["decide","--task","a b"]\n', stderr: '' })
  })

  test('installs first when nothing is installed, and keeps that off standard output', async () => {
    rmSync(join(root, 'node_modules'), { recursive: true })
    npmDoes(`echo "npm $*"; mkdir -p ${dirname(runtime)}; ln -s ${process.execPath} ${runtime}`)
    const result = await run('tacit', 'status')
    expect(result.stdout).toBe('["status"]\n')
    expect(result.stderr).toContain('First run here')
    expect(result.stderr).toContain('npm ci --no-audit')
  })

  test('installs again when the lock file is newer than what is installed', async () => {
    setAge('package-lock.json', 10)
    setAge('node_modules/.package-lock.json', 20)
    npmDoes('echo installed')
    const result = await run('tacit')
    expect(result).toMatchObject({ status: 0, stdout: '[]\n' })
    expect(result.stderr).toBe('The lock file has changed: installing dependencies (npm ci) …\ninstalled\n')
  })

  test('installs the frameworks that adapters are tested with for tests, and for nothing else', async () => {
    write('test/adapters/package-lock.json', '{}')
    npmDoes('echo "in $PWD"; mkdir -p node_modules; echo {} > node_modules/.package-lock.json')
    expect((await run('tacit')).stderr).toBe('')
    expect((await run('vitest')).stderr).toMatch(/First run here: installing frameworks.*\nin .*\/test\/adapters\n/)
    expect((await run('vitest')).stderr).not.toContain('installing')
  })

  test('does not install behind a link, where npm ci would empty a folder of somebody else', async () => {
    renameSync(join(root, 'node_modules'), join(root, 'elsewhere'))
    symlinkSync(join(root, 'elsewhere'), join(root, 'node_modules'))
    setAge('package-lock.json', 10)
    setAge('elsewhere/.package-lock.json', 20)
    npmDoes('echo installed')
    const result = await run('tacit')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toContain('node_modules is a link and out of date')
  })

  test('says what to do when npm ci fails, and runs nothing', async () => {
    rmSync(join(root, 'node_modules'), { recursive: true })
    npmDoes('echo E404 >&2; exit 7')
    const result = await run('tacit')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toMatch(/E404[\s\S]*npm ci failed[\s\S]*registry/)
  })

  test('says what to do when install scripts are switched off and the runtime is therefore missing', async () => {
    rmSync(join(root, 'node_modules'), { recursive: true })
    npmDoes('mkdir node_modules')
    const result = await run('tacit')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toContain('ignore-scripts')
  })

  test('says so when there is no lock file', async () => {
    rmSync(join(root, 'package-lock.json'))
    expect(await run('tacit')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('package-lock.json is missing'),
    })
  })

  test('ends with the exit code of the command', async () => {
    commandLineDoes('process.exit(42)')
    expect((await run('tacit')).status).toBe(42)
  })

  test('passes a signal on and ends only when the command has ended', async () => {
    commandLineDoes(`
      process.on('SIGTERM', () => setTimeout(() => { console.log('tidied up'); process.exit(5) }, 50))
      setInterval(() => {}, 1000)
      console.log('ready')`)
    const child = start('tacit')
    const ended = collect(child)
    await once(child.stdout!, 'data')
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ status: 5, stdout: 'ready\ntidied up\n' })
  })

  test('reports a command that was killed as 128 and the number of the signal', async () => {
    commandLineDoes(`process.kill(process.pid, 'SIGKILL')`)
    expect((await run('tacit')).status).toBe(137)
  })

  test('names the commands when it does not know one', async () => {
    const result = await run('tset')
    expect(result.status).toBe(2)
    expect(result.stderr).toMatch(/Unknown command tset\. One of: check, test, /)
  })

  test('is started by every npm script under a name that it knows', async () => {
    const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
    const names = Object.values<string>(scripts).flatMap(line => /^node scripts\/run\.mjs (\S+)$/.exec(line)?.[1] ?? [])
    const known = (await run('none')).stderr
    expect(names).toContain('test')
    expect(names.filter(name => !known.includes(name))).toEqual([])
  })
})

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

function installAsNpmDoes(): void {
  mkdirSync(join(root, dirname(runtime)), { recursive: true })
  symlinkSync(process.execPath, join(root, runtime))
  write('node_modules/.package-lock.json', '{}')
}

function npmDoes(script: string): void {
  write('bin/npm', `#!/bin/sh\n${script}\n`)
  chmodSync(join(root, 'bin/npm'), 0o755)
}

function commandLineDoes(script: string): void {
  write('src/serve/cli/main.ts', script)
}

function setAge(path: string, seconds: number): void {
  const moment = Date.now() / 1000 - seconds
  utimesSync(join(root, path), moment, moment)
}

function start(...args: string[]): ChildProcess {
  const PATH = `${join(root, 'bin')}:${process.env.PATH}`
  return spawn(process.execPath, [join(root, 'scripts/run.mjs'), ...args], { env: { ...process.env, PATH } })
}

const run = (...args: string[]) => collect(start(...args))

async function collect(child: ChildProcess): Promise<{ status: number | null; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  child.stdout!.on('data', chunk => (stdout += chunk))
  child.stderr!.on('data', chunk => (stderr += chunk))
  const [status] = await once(child, 'close')
  return { status, stdout, stderr }
}
