import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { syntheticLines, syntheticSplits, syntheticViews, writeFolder } from './synthetic.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../../bench/quality/main.ts')
const sets = writeFolder({
  small: { lines: syntheticLines, views: syntheticViews, splits: syntheticSplits },
  floored: {
    // One arm that always fails cannot reach the floor of the view named bfcl.
    lines: [0, 1, 2].map(task => ({ task_id: `f${task}`, task_text: `fail ${task}`, arm: 'only', quality: 0 })),
    views: { views: [{ name: 'bfcl' }] },
    splits: { online_order_task_index: [[0, 1, 2]] },
  },
})
const bench = (...args: string[]) => run(process.execPath, [main, '--data', sets.folder, ...args])
afterAll(() => sets.remove())

describe('the bench, run whole', () => {
  it("writes Tacit's figures for every view and protocol, and the baselines' beside them", async () => {
    const file = join(sets.folder, 'figures.json')
    const { stdout } = await bench('--views', 'small,small_u', '--json', file)
    const figures = JSON.parse(readFileSync(file, 'utf8')) as {
      protocol: string
      view: string
      metric: string
      value: number
    }[]
    const find = (protocol: string, view: string) =>
      Object.fromEntries(
        figures.filter(each => each.protocol === protocol && each.view === view).map(each => [each.metric, each.value]),
      )
    expect(Object.keys(find('online', 'small'))).toEqual(
      [
        'reward',
        'regret',
        'gapClosed',
        'secondHalf',
        'auc',
        'brier',
        'calibrationError',
        'decideMs',
        'observeMs',
      ].filter(
        // The best single arm is also the oracle here, so there is no gap.
        metric => metric !== 'gapClosed',
      ),
    )
    // With full information the always successful arm is chosen; with its price in the utility it is not.
    expect(find('offline', 'small').reward).toBe(1)
    expect(find('offline', 'small_u').reward).toBeGreaterThan(0.35)
    const baselines = JSON.parse(readFileSync(join(sets.folder, 'figures.baselines.json'), 'utf8')) as {
      policy: string
    }[]
    expect(new Set(baselines.map(({ policy }) => policy))).toEqual(
      new Set(['thompson', 'uniform', 'best single arm', 'oracle']),
    )
    for (const title of ['small · offline', 'small · online', 'small_u · offline', 'small_u · online'])
      expect(stdout).toContain(title)
  })

  it('ends with code 1 and a marked line when a reward is below its floor', async () => {
    const failed = bench('--views', 'bfcl', '--protocol', 'online', '--db', 'memory')
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('*** BELOW THE FLOOR of 0.865 ***'),
    })
  })

  it('names an unknown view and the known ones', async () => {
    await expect(bench('--views', 'large')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no view large. There are bfcl, small, small_mid, small_u.'),
    })
  })
})
