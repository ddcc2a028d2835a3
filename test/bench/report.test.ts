import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readDataSet } from '../../bench/quality/dataset.ts'
import { summarise } from '../../bench/quality/measures.ts'
import { figuresOf, missedFloor, tableOf } from '../../bench/quality/report.ts'
import { bareRun } from '../../bench/quality/run.ts'
import { applyView } from '../../bench/quality/view.ts'
import { writeSynthetic } from './synthetic.ts'

const small = writeSynthetic()
const set = readDataSet(join(small.folder, 'small'), 'small')
afterAll(() => small.remove())

const resultFor = (name: string, reward: number) => {
  const run = { ...bareRun, rewards: [reward, reward], bestSingle: 0.9, oracle: 1, isSequence: true }
  const view = { ...applyView(set, set.views[0]!), name }
  return { view, protocol: 'online' as const, rows: new Map([['tacit', summarise([run])]]) }
}

describe('the report', () => {
  it('marks a reward below the floor of its view, and only that', () => {
    expect(missedFloor(resultFor('bfcl', 0.8))).toBe(0.865)
    expect(tableOf(resultFor('bfcl', 0.8))).toContain('*** BELOW THE FLOOR of 0.865 ***')
    expect(missedFloor(resultFor('bfcl', 0.87))).toBeNull()
    expect(tableOf(resultFor('bfcl', 0.87))).toContain('reaches the floor of 0.865')
    expect(missedFloor(resultFor('a view of your own', 0.1))).toBeNull()
    expect(missedFloor({ ...resultFor('bfcl', 0.8), protocol: 'offline' as const })).toBeNull()
  })

  it('gives figures for the metrics that exist', () => {
    const figures = figuresOf(resultFor('small', 0.8), 'tacit')
    expect(figures.map(({ metric }) => metric)).toEqual(['reward', 'regret', 'gapClosed', 'secondHalf'])
    expect(figures[0]).toEqual({ protocol: 'online', view: 'small', metric: 'reward', value: 0.8, sd: 0 })
    expect(figures[2]!.value).toBeCloseTo(-1, 12)
    expect(figuresOf(resultFor('small', 0.8), 'nobody')).toEqual([])
  })

  it('names a row for each policy under one heading', () => {
    const lines = tableOf(resultFor('small', 0.8)).split('\n')
    expect(lines[0]).toBe('small · online · 3 arms · 1 orders of 2 rounds')
    expect(lines[1]).toMatch(/^policy +reward +regret +gap closed +AUC +Brier +calibration +2nd half/)
    expect(lines[2]).toMatch(/^tacit +0\.8000 ± 0\.0000 +0\.2 ± 0\.0 +-100\.0 % +– +– +– +0\.8000 +– +–$/)
  })
})
