import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { readDataSet } from '../../bench/quality/dataset.ts'
import { asksForOffPolicy, runOffPolicy } from '../../bench/quality/off-policy.ts'
import { banditReport, findBanditLogs, readBanditLog } from '../../bench/quality/off-policy-bandit.ts'
import { drawLog, loggedWorld } from '../../bench/quality/off-policy-log.ts'
import { applyView } from '../../bench/quality/view.ts'
import { integer, seedRng } from '../../src/math/rng.ts'
import { writeFolder } from '../bench/synthetic.ts'

const rng = seedRng('bench')
const lines = Array.from({ length: 200 }, (_, task) => task).flatMap(task =>
  ['a', 'b', 'c'].map((arm, i) => ({
    task_id: `t${task}`,
    category: task % 2 === 0 ? 'even' : 'odd',
    arm,
    quality: rng() < (task % 2 === i % 2 ? 0.8 : 0.4) ? 1 : 0,
  })),
)
const { folder, remove } = writeFolder({ made: { lines, views: { views: [{ name: 'made' }] }, splits: {} } })
afterAll(remove)

describe('logs made from a data set', () => {
  const view = applyView(readDataSet(join(folder, 'made'), 'made'), { name: 'made' })
  const world = loggedWorld(view, 'f')

  test('hold every task once, with the stated propensities', () => {
    const log = drawLog(world, seedRng('log'))
    expect(log).toHaveLength(200)
    for (const { propensities, propensity, taken, reward, task } of log) {
      expect(propensities!.toSorted((a, b) => a - b).map(p => p.toFixed(2))).toEqual(['0.10', '0.10', '0.80'])
      expect(propensity).toBe(propensities![taken])
      expect(reward).toBe(lines[task * 3 + taken]!.quality)
    }
  })

  test('are judged against the truth of the full matrix', () => {
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(world.targets.get('uniform')!.truth).toBeCloseTo(mean(lines.map(({ quality }) => quality)), 12)
    const ofArm = ['a', 'b', 'c'].map(arm => mean(lines.filter(line => line.arm === arm).map(({ quality }) => quality)))
    expect(world.targets.get('best single')!.truth).toBeCloseTo(Math.max(...ofArm), 12)
    expect(world.targets.get('per-category best')!.truth).toBeGreaterThan(Math.max(...ofArm))
  })
})

describe('the off-policy protocol of the bench', () => {
  test('is asked for by its name', () => {
    expect(asksForOffPolicy(['--protocol', 'off-policy'])).toBe(true)
    expect(asksForOffPolicy(['--protocol=off-policy'])).toBe(true)
    expect(asksForOffPolicy(['--protocol', 'online'])).toBe(false)
  })

  test('prints every estimator for every target, and writes its figures', () => {
    const printed: string[] = []
    const log = vi.spyOn(console, 'log').mockImplementation(text => printed.push(text))
    const json = join(folder, 'figures.json')
    runOffPolicy(['--data', folder, '--views', 'made', '--replications', '20', '--json', json], {})
    log.mockRestore()
    for (const word of ['uniform', 'best single', 'per-category best', 'directMethod', 'doublyRobust', '|bias|'])
      expect(printed.join('\n')).toContain(word)
    const figures: unknown[] = JSON.parse(readFileSync(json, 'utf8'))
    // Three targets; bias and error of five estimators, coverage of the three that have intervals.
    expect(figures).toHaveLength(3 * (2 * 5 + 3))
    expect(figures[0]).toMatchObject({ protocol: 'off-policy', view: 'made', metric: 'uniform directMethod bias' })
  })

  test.each([
    [['--replications', '0'], /must be a whole number above 0/],
    [['--views', 'none'], /There is no view none. There are made/],
    [['--view', 'made'], /--view/],
  ])('refuses %s', (args, message) => {
    expect(() => runOffPolicy(['--data', folder, ...args], {})).toThrow(message)
  })
})

describe('logged impressions', () => {
  const data = mkdtempSync(join(tmpdir(), 'tacit-bandit-'))
  afterAll(() => rmSync(data, { recursive: true, force: true }))
  const header = 'timestamp,item_id,position,click,propensity_score,user_feature_0'
  const write = (name: string, rows: readonly string[]) =>
    writeFileSync(join(data, 'shop', `${name}.csv.gz`), gzipSync(`${[header, ...rows].join('\n')}\n`))
  mkdirSync(join(data, 'shop'))
  const draw = seedRng('impressions')
  const rows = Array.from(
    { length: 600 },
    (_, i) => `2026-01-01,${10 + integer(draw, 4)},${1 + (i % 3)},${i % 30 === 0 ? 1 : 0},0.25,7`,
  )
  write('random', rows)
  write(
    'bts',
    rows.map((row, i) => (i % 50 === 0 ? row.replace(',0.25,', ',0.002,') : row.replace(',0.25,', ',0.9,'))),
  )

  test('are read with item, place, click and propensity', () => {
    expect(findBanditLogs(data)).toEqual(['shop'])
    const log = readBanditLog(join(data, 'shop', 'random.csv.gz'))
    expect(log).toHaveLength(600)
    expect(log[1]).toMatchObject({ arms: [0, 1, 2, 3], category: 1, reward: 0, propensity: 0.25, propensities: null })
  })

  test('are judged with warnings, or refused where few of them carry all the weight', () => {
    const report = banditReport(data, 'shop')
    expect(report).toContain('random: 600 impressions, 20 clicks')
    expect(report).toMatch(/warning: Rare outcomes: only 20 of 600/)
    expect(report).toMatch(/bts.*\n {2}refused: The 600 choices say as little .*effective sample size/)
  })

  test('that are none are refused with their line', () => {
    write('bts', ['2026-01-01,10,1,0,0.25,7', '2026-01-01,10,1,0,,7'])
    expect(() => readBanditLog(join(data, 'shop', 'bts.csv.gz'))).toThrow(/bts.csv.gz:3 is not an impression/)
  })
})
