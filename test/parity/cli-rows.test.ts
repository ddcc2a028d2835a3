import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type RunOptions, tacit, temporaryDirectory } from '../cli/run.ts'

/** One sentence per feature of the command line and the configuration, shown by the real binary. */

let cwd: string
const run = (line: string, options: RunOptions = {}) => tacit(line.split(' '), { cwd, ...options })

async function results(line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line)
  expect(code, `${line}\n${stderr}`).toBe(0)
  return stdout
}

beforeEach(async () => {
  cwd = temporaryDirectory()
  const history = Array.from({ length: 20 }, (_, index) => ({
    task: `Tune slow query number ${index}`,
    taskType: 'database',
    arm: index % 2 ? 'writer' : 'optimizer',
    success: index % 2 === 0,
    durationMs: 1250,
    executionId: `job-${index}`,
  }))
  writeFileSync(join(cwd, 'history.ndjson'), history.map(item => `${JSON.stringify(item)}\n`).join(''))
  await results('record history.ndjson')
})

describe('the command line', () => {
  test('F196 status shows what is on record, what is awaited and the errors of Tacit itself', async () => {
    const shown = await results('status')
    for (const part of [/executions +20, 20 with an outcome/, /in flight +0/, /arms +2/, /own errors +none/])
      expect(shown).toMatch(part)
  })

  test('F200 predict shows success and duration per arm', async () => {
    const predictions = JSON.parse(await results('predict slow-query --type database --json'))
    const pSuccess = Object.fromEntries(
      predictions.map((row: { arm: string; pSuccess: { value: number } }) => [row.arm, row.pSuccess.value]),
    )
    expect(pSuccess.optimizer).toBeGreaterThan(pSuccess.writer)
    expect(await results('predict slow-query --type database')).toMatch(/optimizer +\d+ % \(/)
  })

  test('F202 what was exported as lines or as JSON gives the same log when imported', async () => {
    const logHash = async (db: string) => JSON.parse(await results(`replay --verify --json --db ${db}`)).logHash
    await results('export lines.ndjson')
    await results('export whole.json --format json')
    expect(JSON.parse(readFileSync(join(cwd, 'whole.json'), 'utf8'))).toBeTypeOf('object')
    await results('import lines.ndjson --db one.db')
    await results('import whole.json --db two.db')
    expect([await logHash('one.db'), await logHash('two.db')]).toEqual([
      await logHash('tacit.db'),
      await logHash('tacit.db'),
    ])
  })

  test('F208 every command answers with one JSON value if asked', async () => {
    const lines = [
      'init --db new.db',
      'decide tune-it --type database --arms optimizer,writer --id d-1',
      'observe d-1 --success',
      'step d-1 --name index',
      'feedback d-1 good',
      'record history.ndjson',
      'recommend tune-it',
      'predict tune-it',
      'similar tune-it',
      'metrics',
      'status',
      'replay --verify',
      'export bundle.ndjson',
      'import bundle.ndjson',
      'config',
    ]
    for (const line of lines) expect(JSON.parse(await results(`${line} --json`)), line).toBeTypeOf('object')
    const failed = await run('observe --json')
    expect(failed).toMatchObject({ code: 2, stdout: '' })
    expect(JSON.parse(failed.stderr)).toHaveProperty('error.code')
  })
})

describe('the configuration', () => {
  test('F213 F214 a file sets options, the environment wins over it, and a flag over both', async () => {
    writeFileSync(join(cwd, 'tacit.config.json'), '{ "scope": "from-file", "learning": { "halfLifeDays": 7 } }')
    const scopeOf = async (line: string, env: Record<string, string> = {}) =>
      JSON.parse((await run(line, { env })).stdout).scope
    expect(await scopeOf('status --json')).toBe('from-file')
    expect(await scopeOf('status --json', { TACIT_SCOPE: 'from-environment' })).toBe('from-environment')
    expect(await scopeOf('status --json --scope from-flag', { TACIT_SCOPE: 'from-environment' })).toBe('from-flag')
  })

  test('F213 every option is read by the program', () => {
    const src = join(import.meta.dirname, '../../src')
    const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts') && !/^config\b/.test(file))
      .map(file => readFileSync(join(src, file), 'utf8'))
    const words = new Set(sources.flatMap(source => source.match(/\w+/g)))
    const { settings } = loadConfig()
    expect(settings.length).toBeGreaterThan(20)
    expect(settings.map(({ key }) => key).filter(key => !words.has(key.split('.').at(-1)!))).toEqual([])
  })

  test('F216 an unknown option is refused with the nearest known one, and a value out of range with its reason', async () => {
    writeFileSync(join(cwd, 'tacit.config.json'), '{ "learning": { "halfLiveDays": 7 } }')
    const unknown = await run('status')
    expect(unknown.code).not.toBe(0)
    expect(unknown.stderr).toContain('learning.halfLifeDays')
    writeFileSync(join(cwd, 'tacit.config.json'), '{ "canaryShare": 2 }')
    const outOfRange = await run('status')
    expect(outOfRange.code).not.toBe(0)
    expect(outOfRange.stderr).toMatch(/canaryShare[\s\S]*tacit\.config\.json/)
  })
})
