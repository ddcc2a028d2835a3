import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

/** A directory whose database holds twelve executions on two days. */
async function withHistory(): Promise<string> {
  const cwd = temporaryDirectory()
  const lines = Array.from({ length: 12 }, (_, i) =>
    JSON.stringify({
      task: `Speed up report ${i}`,
      taskType: 'database',
      arm: i % 2 === 0 ? 'optimizer' : 'architect',
      success: i % 2 === 0,
      durationMs: 1000,
      at: `2026-03-0${i < 6 ? 1 : 2}T1${i % 6}:00:00Z`,
      executionId: `e${i}`,
    }),
  )
  const { code, stderr } = await tacit(['record', '-'], { cwd, stdin: lines.join('\n') })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return cwd
}

const result = async (args: readonly string[], cwd: string) => {
  const { code, stdout, stderr } = await tacit(args, { cwd })
  expect({ args, code, stderr }).toMatchObject({ code: 0 })
  return stdout
}
const data = async (args: readonly string[], cwd: string) => JSON.parse(await result([...args, '--json'], cwd))

describe('tacit learn', () => {
  it('shows where learning stands, as a tree and as data, and is status by default', async () => {
    const cwd = await withHistory()
    const tree = await result(['learn', 'status'], cwd)
    for (const name of ['Learning', 'Experiences', 'Exploration Rate', 'Q-Table', 'Snapshot'])
      expect(tree).toMatch(new RegExp(`^[├└]─ ${name}: `, 'm'))
    expect(await result(['learn'], cwd)).toBe(tree)
    expect(await data(['learn', 'status'], cwd)).toMatchObject({ totalExperiences: 12, tableSize: 2, mode: 'adaptive' })
  })

  it('charts reward by day, and warns of a reward that is not what Tacit aims at', async () => {
    const cwd = await withHistory()
    const chart = await result(['learn', 'analytics'], cwd)
    expect(chart).toMatch(/^2026-03-01 +6 +50 % +0\.50 +▇{30}$/m)
    expect(chart).not.toContain('Not what Tacit aims at')
    expect(await result(['learn', 'analytics', '--formula', 'aqe-engine'], cwd)).toContain('Not what Tacit aims at')
    const found = await data(['learn', 'analytics', '--strategy', 'optimizer'], cwd)
    expect(found).toMatchObject({ totalExperiences: 6, avgReward: { mean: 1, n: 6 } })
  })

  it('lists the history a page at a time', async () => {
    const cwd = await withHistory()
    const first = await data(['learn', 'history', '--limit', '8'], cwd)
    const second = await data(['learn', 'history', '--limit', '8', '--after', first.next], cwd)
    const ids = [...first.experiences, ...second.experiences].map(({ executionId }) => executionId)
    expect(ids).toEqual(Array.from({ length: 12 }, (_, i) => `e${11 - i}`))
    expect(second.next).toBeNull()
    expect(await result(['learn', 'history', '--limit', '8'], cwd)).toContain(`--after ${first.next}`)
  })

  it('exports the table and the experiences, and replaces no file', async () => {
    const cwd = await withHistory()
    const csv = (await result(['learn', 'export', '--q-table', '--format', 'csv'], cwd)).trimEnd().split('\r\n')
    expect(csv[0]).toBe('state,action,q_value,interval_low,interval_high,update_count,n_eff')
    expect(csv.slice(1).map(line => line.split(',').slice(0, 2))).toEqual([
      ['database', 'optimizer'],
      ['database', 'architect'],
    ])
    const table = JSON.parse(await result(['learn', 'export'], cwd))
    expect(table.entries).toEqual((await data(['learn', 'q-table'], cwd)).entries)

    const args = ['learn', 'export', '--experiences', '--limit', '5', '--output', 'out.json']
    await result(args, cwd)
    const written = readFileSync(join(cwd, 'out.json'), 'utf8')
    expect(JSON.parse(written).experiences).toHaveLength(5)
    const again = await tacit(args, { cwd })
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('ALREADY_EXISTS') })
    expect(readFileSync(join(cwd, 'out.json'), 'utf8')).toBe(written)
  })

  it('recommends, learns from an execution, and then recommends with more evidence', async () => {
    const cwd = await withHistory()
    const args = ['learn', 'recommend', '--type', 'database', '--current', 'architect']
    const before = await data(args, cwd)
    expect(before).toMatchObject({ strategy: 'optimizer', comparedWith: { strategy: 'architect' } })
    expect(await result(args, cwd)).toMatch(/improvement +\+\d/)
    const learned = [
      'learn',
      'execution',
      'One more report',
      '--type',
      'database',
      '--strategy',
      'optimizer',
      '--success',
    ]
    expect(await result([...learned, '--rating', 'good', '--id', 'x'], cwd)).toMatch(/Execution x is on record\.\n.*→/)
    const after = await data(args, cwd)
    expect(after.confidence.nEff).toBeGreaterThan(before.confidence.nEff)
    expect((await tacit(learned.concat('--issues', 'slow'), { cwd })).stderr).toContain('belong to a rating')
  })

  it('needs a database, and makes none', async () => {
    const cwd = temporaryDirectory()
    for (const args of [['learn', 'status'], ['learn', 'export'], ['train'], ['compat', 'score', 'best_combo']])
      expect(await tacit(args, { cwd }), args.join(' ')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('NOT_FOUND'),
      })
    expect(existsSync(join(cwd, 'tacit.db'))).toBe(false)
  })
})

describe('tacit train', () => {
  it('learns everything anew, comes to the same, and keeps it', async () => {
    const cwd = await withHistory()
    expect((await data(['learn', 'status'], cwd)).snapshot).toBeNull()
    const report = await data(['train'], cwd)
    expect(report).toMatchObject({ executions: 12, changed: false })
    expect((await data(['learn', 'status'], cwd)).snapshot.sizeBytes).toBeGreaterThan(0)
    expect((await data(['replay'], cwd)).stateHash).toBe(report.stateHash)
    expect(await result(['train'], cwd)).toContain('byte by byte')
  })
})

describe('tacit compat', () => {
  it('computes a score per arm, with the warning against it', async () => {
    const cwd = await withHistory()
    const { scores, scorer } = await data(['compat', 'score', 'best_combo'], cwd)
    expect(scores).toMatchObject([
      { group: 'optimizer', score: 0.6, executions: 6 },
      { group: 'architect', score: null, executions: 6 },
    ])
    const text = await result(['compat', 'score', 'best_combo'], cwd)
    expect(text).toContain(`Tacit does not choose by it: ${scorer.warning}`)
    expect((await data(['compat', 'score', 'ab_score', '--by', 'taskType'], cwd)).scores).toMatchObject([
      { group: 'database', score: expect.closeTo(0.7 * 0.5 + 0.3 * (1 - 1 / 60)) },
    ])
  })

  it('lists every score, and each example can be computed as it stands', async () => {
    const cwd = await withHistory()
    const scorers = await data(['compat', 'list'], cwd)
    const text = await result(['compat', 'list'], cwd)
    for (const { id, warning } of scorers) {
      expect(text).toContain(id)
      expect(text).toContain(warning)
    }
    const { id, example } = scorers.find((one: { readsLog: boolean }) => !one.readsLog)
    const { scores } = await data(['compat', 'score', id, '--values', JSON.stringify(example.input)], cwd)
    expect(scores[0].score).toBeCloseTo(example.score)
  })
})
