import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

const json = (text: string) => JSON.parse(text)

/** A database with an execution in each month of 2026 up to June, and one that waits for its outcome. */
async function halfYear(): Promise<string> {
  const cwd = temporaryDirectory()
  const history = Array.from({ length: 6 }, (_, month) =>
    JSON.stringify({
      task: `Close the books of month ${month + 1}`,
      arm: `arm-${month % 2}`,
      success: month % 3 !== 0,
      at: `2026-0${month + 1}-15T00:00:00Z`,
      feedback: [{ value: 'good' }],
    }),
  )
  await tacit(['record', '-'], { cwd, stdin: history.join('\n') })
  return cwd
}

const replay = async (cwd: string, ...flags: string[]) =>
  json((await tacit(['replay', '--verify', '--json', ...flags], { cwd })).stdout)

describe('prune', () => {
  it('removes nothing without --confirm, and says what would go', async () => {
    const cwd = await halfYear()
    const before = await replay(cwd)
    const refused = await tacit(['prune', '--before', '2026-04-01'], { cwd })
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toMatch(/3 executions .* would go \(9 facts\)\. Nothing was removed: add --confirm/)
    const dry = await tacit(['prune', '--before', '2026-04-01', '--dry-run', '--json'], { cwd })
    expect(json(dry.stdout)).toMatchObject({ pruned: [{ executions: 3, facts: 9, dryRun: true }], archive: null })
    expect((await replay(cwd)).logHash).toBe(before.logHash)
  })

  it.each(['old.parquet', 'old.ndjson.gz'])('keeps what goes in %s, from which it comes back', async file => {
    const cwd = await halfYear()
    const before = await replay(cwd)
    const pruned = await tacit(['prune', '--before', '2026-04-01', '--archive', file, '--confirm', '--json'], { cwd })
    expect(json(pruned.stdout)).toMatchObject({ pruned: [{ executions: 3, facts: 9 }], archive: file })
    expect(await replay(cwd)).toMatchObject({ facts: 9, stateHash: before.stateHash, verified: true })
    const back = await tacit(['import', file, '--json'], { cwd })
    expect(json(back.stdout)).toMatchObject({ stored: 9, duplicates: 0, conflicts: 0 })
    expect(await replay(cwd)).toMatchObject({ facts: 18, logHash: before.logHash, stateHash: before.stateHash })
  })

  it('names the archive that it wrote, and none where nothing was to go', async () => {
    const cwd = await halfYear()
    const archive = ['--archive', 'old.ndjson', '--confirm']
    const none = await tacit(['prune', '--before', '2026-01-01', ...archive, '--json'], { cwd })
    expect(json(none.stdout)).toMatchObject({ pruned: [{ executions: 0 }], archive: null })
    expect(existsSync(join(cwd, 'old.ndjson'))).toBe(false)
    const { stdout } = await tacit(['prune', '--before', '2026-04-01', ...archive], { cwd })
    expect(stdout).toContain('Kept in old.ndjson; "tacit import old.ndjson" takes it back in.')
  })

  it('does not replace an archive, and removes nothing then', async () => {
    const cwd = await halfYear()
    await tacit(['export', 'old.parquet'], { cwd })
    const content = readFileSync(join(cwd, 'old.parquet'))
    const { code, stderr } = await tacit(['prune', '--days', '0', '--archive', 'old.parquet', '--confirm'], { cwd })
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error ALREADY_EXISTS/) })
    expect(stderr).toContain('Name another file.')
    expect(stderr).not.toContain('--force')
    expect(readFileSync(join(cwd, 'old.parquet'))).toEqual(content)
    expect((await replay(cwd)).facts).toBe(18)
  })

  it('takes the retention of the configuration, class by class', async () => {
    const cwd = await halfYear()
    const nothing = await tacit(['prune', '--confirm'], { cwd })
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('retention.executionsDays') })
    const set = ['--set', 'retention.vectorsDays=1', '--set', 'retention.executionsDays=36500']
    const { stdout } = await tacit(['prune', '--confirm', '--json', ...set], { cwd })
    expect(json(stdout).pruned).toMatchObject([
      { what: 'executions', executions: 0 },
      { what: 'vectors', vectors: 6 },
    ])
    expect(existsSync(join(cwd, 'tacit.db'))).toBe(true)
  })

  it.each([
    [['--days', 'soon'], 'must be a number of days'],
    [['--before', 'yesterday'], 'before'],
    [['--before', '2026-01-01', '--days', '3'], 'cannot be used with'],
    [['--what', 'vectors', '--days', '3', '--archive', 'v.parquet'], 'vectors'],
  ])('refuses %j with what is wrong', async (flags, message) => {
    const cwd = await halfYear()
    const { code, stderr } = await tacit(['prune', ...flags, '--confirm'], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain(message)
    expect((await replay(cwd)).facts).toBe(18)
  })
})
