import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

const json = (text: string) => JSON.parse(text)
const main = fileURLToPath(new URL('../../src/serve/cli/main.ts', import.meta.url))

/** A database with 40 recorded executions and one decision with outcome, step and feedback. */
async function filledDirectory(): Promise<string> {
  const cwd = temporaryDirectory()
  const history = Array.from({ length: 40 }, (_, index) =>
    JSON.stringify({
      task: `Sort out case ${index} — ${'ü'.repeat(index)}`,
      arm: `arm-${index % 3}`,
      success: index % 2 === 0,
    }),
  )
  await tacit(['record', '-'], { cwd, stdin: history.join('\n') })
  await tacit(['decide', 'Sort out case 41', '--id', 'd1', '--arms', 'arm-0,arm-1'], { cwd })
  await tacit(['observe', 'd1', '--failure', '--error-type', 'timeout'], { cwd })
  await tacit(['step', 'd1', '--name', 'look'], { cwd })
  await tacit(['feedback', 'd1', 'poor'], { cwd })
  return cwd
}

async function hashes(cwd: string, db: string) {
  const { logHash, stateHash, facts, verified } = json(
    (await tacit(['replay', '--verify', '--json', '--db', db], { cwd })).stdout,
  )
  expect(verified).toBe(true)
  expect(facts).toBe(84)
  return { logHash, stateHash }
}

describe('export, then import into an empty file', () => {
  it.each([
    ['lines', 'bundle.ndjson', []],
    ['compressed lines', 'bundle.ndjson.gz', []],
    ['one JSON object', 'bundle.json', []],
    ['comma-separated rows', 'bundle.csv', []],
    ['compressed rows', 'bundle.csv.gz', []],
    ['Parquet', 'bundle.parquet', []],
    ['Parquet of another name', 'bundle', ['--format', 'parquet']],
  ])('as %s gives the same log and the same learned state', async (_, file, flags) => {
    const cwd = await filledDirectory()
    const exported = json((await tacit(['export', file, ...flags, '--json'], { cwd })).stdout)
    expect(exported).toMatchObject({ file, facts: 84, version: 1, scope: 'default' })
    const imported = await tacit(['import', file, '--db', 'copy.db', '--json'], { cwd })
    expect(imported).toMatchObject({ code: 0, stderr: '' })
    expect(json(imported.stdout)).toMatchObject({ stored: 84, duplicates: 0, conflicts: 0, sha256: exported.sha256 })
    expect(await hashes(cwd, 'copy.db')).toEqual(await hashes(cwd, 'tacit.db'))
    const again = json((await tacit(['import', file, '--db', 'copy.db', '--json'], { cwd })).stdout)
    expect(again).toMatchObject({ stored: 0, duplicates: 84, conflicts: 0 })
  })
})

describe('export', () => {
  it('to standard output gives the bundle and nothing else', async () => {
    const cwd = await filledDirectory()
    const { code, stdout, stderr } = await tacit(['export'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n').map(json)
    expect(lines[0]).toMatchObject({ format: 'tacit-bundle', version: 1, scope: 'default' })
    expect(lines.at(-1)).toMatchObject({ end: 'tacit-bundle', facts: 84 })
    expect(lines).toHaveLength(86)
    expect(json((await tacit(['export', '--format', 'json'], { cwd })).stdout).facts).toEqual(lines.slice(1, -1))
  })

  it('never replaces a file without --force, and leaves no other file behind', async () => {
    const cwd = await filledDirectory()
    writeFileSync(join(cwd, 'kept.ndjson'), 'precious')
    const before = readdirSync(cwd).length
    expect(await tacit(['export', 'kept.ndjson'], { cwd })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error ALREADY_EXISTS: kept\.ndjson/),
    })
    expect(readFileSync(join(cwd, 'kept.ndjson'), 'utf8')).toBe('precious')
    expect((await tacit(['export', 'kept.ndjson', '--force'], { cwd })).code).toBe(0)
    expect(readFileSync(join(cwd, 'kept.ndjson'), 'utf8')).toContain('tacit-bundle')
    expect(readdirSync(cwd)).toHaveLength(before)
  })

  it('into a directory that is not there says so', async () => {
    const cwd = await filledDirectory()
    const { code, stderr } = await tacit(['export', 'none/bundle.ndjson'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error NOT_FOUND: Cannot write none\/bundle\.ndjson/)
  })

  it('compresses a file that is named so', async () => {
    const cwd = await filledDirectory()
    await tacit(['export', 'bundle.gz'], { cwd })
    expect(gunzipSync(readFileSync(join(cwd, 'bundle.gz'))).toString()).toContain('"end":"tacit-bundle"')
  })
})

describe('import', () => {
  it('writes nothing of a bundle that was changed, cut off, or holds what is no fact', async () => {
    const cwd = await filledDirectory()
    await tacit(['export', 'good.ndjson'], { cwd })
    const good = readFileSync(join(cwd, 'good.ndjson'), 'utf8')
    writeFileSync(join(cwd, 'changed.ndjson'), good.replace('Sort out case 7', 'Sort out case 8'))
    writeFileSync(join(cwd, 'cut.ndjson'), good.slice(0, good.length / 2))
    writeFileSync(join(cwd, 'none.ndjson'), '{"task":"x","arm":"a"}\n')
    for (const file of ['changed.ndjson', 'cut.ndjson', 'none.ndjson']) {
      expect(await tacit(['import', file, '--db', 'copy.db'], { cwd })).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^error BUNDLE_INVALID: /),
      })
      expect(existsSync(join(cwd, 'copy.db'))).toBe(false)
    }
  })

  it('with --dry-run counts what is new and writes nothing', async () => {
    const cwd = await filledDirectory()
    await tacit(['export', 'bundle.ndjson'], { cwd })
    const fresh = await tacit(['import', 'bundle.ndjson', '--dry-run', '--json', '--db', 'copy.db'], { cwd })
    expect(json(fresh.stdout)).toMatchObject({ stored: 84, duplicates: 0, dryRun: true })
    expect(existsSync(join(cwd, 'copy.db'))).toBe(false)
    await tacit(['init', '--db', 'copy.db'], { cwd })
    const onto = await tacit(['import', 'bundle.ndjson', '--dry-run', '--json', '--db', 'copy.db'], { cwd })
    expect(json(onto.stdout)).toMatchObject({ stored: 84 })
    expect(json((await tacit(['status', '--json', '--db', 'copy.db'], { cwd })).stdout).executions).toBe(0)
  })
})

describe('output that nobody reads to its end', () => {
  it('ends the command quietly', async () => {
    const cwd = await filledDirectory()
    const words = [process.execPath, main, 'export']
    const shell = spawn('sh', ['-c', '("$@"; echo "exit $?" >&2) | head -c 10', 'sh', ...words], { cwd })
    let stderr = ''
    let stdout = ''
    shell.stderr.on('data', chunk => {
      stderr += chunk
    })
    shell.stdout.on('data', chunk => {
      stdout += chunk
    })
    await new Promise(resolve => shell.on('close', resolve))
    expect(stdout).toBe('{"format":')
    expect(stderr).toBe('exit 0\n')
  })
})

describe('the name of a file', () => {
  it('of another form is refused, unless --format says what it holds', async () => {
    const cwd = await filledDirectory()
    const { code, stdout, stderr } = await tacit(['export', 'facts.xml'], { cwd })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(
      /facts\.xml: a bundle cannot be written as \.xml\. .*\.parquet.* --format overrules the name\./,
    )
    expect(existsSync(join(cwd, 'facts.xml'))).toBe(false)
    expect((await tacit(['export', 'facts.xml', '--format', 'csv'], { cwd })).code).toBe(0)
    expect(json((await tacit(['import', 'facts.xml', '--json'], { cwd })).stdout)).toMatchObject({ duplicates: 84 })
  })

  it.each([
    ['a CSV of another system', 'agents.csv', 'agent_name,task_type\ncoder,bug-fix\n'],
    ['rows as JSON', 'agents.json', '[{"agent_name": "coder"}]'],
    ['an object as JSON', 'agents.json', '{"agent_name": "coder"}'],
  ])('does not make %s a bundle: --from is named', async (_, file, content) => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, file), content)
    const { code, stderr } = await tacit(['import', file], { cwd })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error BUNDLE_INVALID: This is not a Tacit bundle: .*--from/)
  })
})
