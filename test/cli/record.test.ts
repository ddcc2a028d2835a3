import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

const json = (text: string) => JSON.parse(text)
const execution = (index: number) => ({
  task: `Index table ${index}`,
  taskType: 'database',
  arm: index % 2 ? 'optimizer' : 'architect',
  success: index % 3 > 0,
  durationMs: 100 + index,
  executionId: `e${index}`,
})
const history = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `${JSON.stringify(execution(from + index))}\n`).join('')

/** Good lines 1, 3, 7 and 9; blank 5; all others bad in their own way. */
const mixed = [
  JSON.stringify(execution(1)),
  '{"task": "half a line',
  JSON.stringify(execution(2)),
  JSON.stringify({ arm: 'optimizer' }),
  '',
  JSON.stringify({ ...execution(3), durationMs: -5 }),
  JSON.stringify(execution(4)),
  JSON.stringify({ ...execution(5), colour: 'red' }),
  JSON.stringify(execution(6)),
  '[1, 2]',
].join('\n')

function directoryWith(files: Record<string, string | Buffer>): string {
  const cwd = temporaryDirectory()
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content)
  return cwd
}

const statusOf = async (cwd: string) => json((await tacit(['status', '--json'], { cwd })).stdout)

describe('recording history', () => {
  it('says what a line lacks, and only of a recording that it was not written', async () => {
    const cwd = temporaryDirectory()
    const stdin = '{"task":"x"}\n{"arm":{"name":"y"},"task":"x"}\n{"arm":"y"}\n'
    const recorded = await tacit(['record', '-'], { cwd, stdin })
    expect(recorded.stderr).toContain('line 1: arm: is required: its name ("coder"), or {"id": "coder"')
    expect(recorded.stderr).toContain('line 3: task: is required (string). This line was not written.')
    const checked = await tacit(['record', '-', '--dry-run'], { cwd, stdin })
    expect(checked.code).toBe(1)
    expect(checked.stderr).toBe(recorded.stderr.replaceAll(' This line was not written.', ''))
  })

  it('takes in every line of a file over several batches, and a second time changes nothing', async () => {
    const cwd = directoryWith({ 'history.ndjson': history(1203) })
    expect(await tacit(['record', 'history.ndjson'], { cwd })).toEqual({
      code: 0,
      stdout: '1,203 lines: 1,203 stored, 0 duplicates, 0 failed\n',
      stderr: '',
    })
    expect(json((await tacit(['record', 'history.ndjson', '--json'], { cwd })).stdout)).toMatchObject({
      lines: 1203,
      stored: 0,
      duplicates: 1203,
      failed: 0,
      failures: [],
    })
    expect(await statusOf(cwd)).toMatchObject({ executions: 1203, withOutcome: 1203, arms: 2 })
    const { groups } = json((await tacit(['metrics', '--json'], { cwd })).stdout)
    const successes = groups.map(
      ({ successRate }: { successRate: { value: number; n: number } }) => successRate.value * successRate.n,
    )
    expect(Math.round(successes[0] + successes[1])).toBe(802)
  })

  it('is the same from a compressed file and from standard input', async () => {
    const cwd = directoryWith({ 'history.ndjson.gz': gzipSync(history(30)) })
    expect(await tacit(['record', 'history.ndjson.gz'], { cwd })).toMatchObject({
      code: 0,
      stdout: '30 lines: 30 stored, 0 duplicates, 0 failed\n',
    })
    expect((await tacit(['record', '-'], { cwd, stdin: history(31) })).stdout).toBe(
      '31 lines: 1 stored, 30 duplicates, 0 failed\n',
    )
    expect((await tacit(['record', '-'], { cwd, stdin: gzipSync(history(32)) })).stdout).toBe(
      '32 lines: 1 stored, 31 duplicates, 0 failed\n',
    )
  })

  it('reports bad lines with number and reason, keeps the others, and exits with 1', async () => {
    const cwd = directoryWith({ 'mixed.ndjson': mixed })
    const { code, stdout, stderr } = await tacit(['record', 'mixed.ndjson'], { cwd })
    expect(code).toBe(1)
    expect(stdout).toBe('9 lines: 4 stored, 0 duplicates, 5 failed\n')
    expect(stderr).toMatch(/^line 2: not JSON/m)
    expect(stderr).toMatch(/^line 4: .*task/m)
    expect(stderr).toMatch(/^line 6: .*durationMs/m)
    expect(stderr).toMatch(/^line 8: .*colour/m)
    expect(stderr).toMatch(/^line 10: /m)
    expect(stderr.trim().split('\n')).toHaveLength(5)
    expect((await statusOf(cwd)).executions).toBe(4)
  })

  it('lists bad lines as data with --json', async () => {
    const cwd = directoryWith({ 'mixed.ndjson': mixed })
    const { code, stdout, stderr } = await tacit(['record', 'mixed.ndjson', '--json'], { cwd })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    const { failures, failed, stored } = json(stdout)
    expect({ failed, stored }).toEqual({ failed: 5, stored: 4 })
    const numbers = failures.map(({ line }: { line: number }) => line)
    expect(numbers.toSorted((a: number, b: number) => a - b)).toEqual([2, 4, 6, 8, 10])
    for (const { code, message } of failures) expect([code, message]).toEqual(['INVALID_INPUT', expect.any(String)])
  })

  it('shows at most twenty bad lines and counts the rest', async () => {
    const cwd = directoryWith({ 'bad.ndjson': 'x\n'.repeat(57) })
    const { stderr, stdout } = await tacit(['record', 'bad.ndjson'], { cwd })
    const lines = stderr.trim().split('\n')
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toBe('… and 37 more bad lines; --json lists them.')
    expect(stdout).toContain('57 failed')
  })

  it('only checks with --dry-run: the same verdicts, and no database is made', async () => {
    const cwd = directoryWith({ 'mixed.ndjson': mixed })
    const { code, stdout, stderr } = await tacit(['record', 'mixed.ndjson', '--dry-run'], { cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '9 lines: 4 valid, 5 failed; nothing was written\n' })
    for (const number of [2, 4, 6, 8, 10]) expect(stderr).toMatch(new RegExp(`^line ${number}: `, 'm'))
    expect(existsSync(join(cwd, 'tacit.db'))).toBe(false)
  })

  it('of one execution takes it as --input', async () => {
    const cwd = temporaryDirectory()
    const args = ['record', '--input', JSON.stringify(execution(1)), '--json']
    expect(json((await tacit(args, { cwd })).stdout)).toMatchObject({ executionId: 'e1', status: 'stored' })
    const wrong = await tacit(['record', '--input', '{"task":"x"}'], { cwd })
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error INVALID_INPUT: record: arm/) })
  })

  it('of a file that is missing or damaged says so, and tells what went in before', async () => {
    const archive = gzipSync(history(5000))
    const cwd = directoryWith({ 'cut.gz': archive.subarray(0, archive.length - 2000) })
    expect(await tacit(['record', 'none.ndjson'], { cwd })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error NOT_FOUND: Cannot read none\.ndjson/),
    })
    expect(existsSync(join(cwd, 'tacit.db'))).toBe(false)
    const cut = await tacit(['record', 'cut.gz', '--json'], { cwd })
    expect(cut.code).toBe(2)
    expect(json(cut.stderr).error.message).toContain('cut.gz is damaged gzip data')
    const { stored } = json(cut.stdout)
    expect(stored).toBeGreaterThan(0)
    expect((await statusOf(cwd)).executions).toBe(stored)
  })

  it('finishes the lines that it has read when it is interrupted, and exits with 130', async () => {
    const cwd = temporaryDirectory()
    const finished = await tacit(['record', '-', '--json'], {
      cwd,
      onStart: child => {
        child.stdin!.write(history(1000))
        const poll = setInterval(() => {
          if (!existsSync(join(cwd, 'tacit.db-wal')) && !existsSync(join(cwd, 'tacit.db'))) return
          clearInterval(poll)
          setTimeout(() => child.kill('SIGINT'), 1500)
        }, 20)
      },
    })
    expect(finished.code).toBe(130)
    const summary = json(finished.stdout)
    // How many lines it had read by then depends on the machine; each of them must be on record.
    expect(summary).toMatchObject({ interrupted: true, stored: summary.lines, failed: 0 })
    expect(summary.lines).toBeGreaterThan(0)
    expect(await statusOf(cwd)).toMatchObject({ executions: summary.lines })
  })
})
