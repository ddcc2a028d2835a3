import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** A directory with a database of 20 executions this week and 10 in the week before. */
async function workspace(): Promise<string> {
  const cwd = temporaryDirectory()
  const now = Date.now()
  const execution = (i: number, isNow: boolean) => ({
    task: `Task ${i}`,
    arm: { id: `a-${i % 2}`, facets: { tier: i % 2 === 0 ? 'small' : 'large', team: ['x', 'y'] } },
    success: isNow || i % 5 > 0,
    durationMs: isNow ? 100 + i : 400 + i,
    costUsd: 0.01,
    solutionSummary: 'Add an index',
    at: new Date(now - (isNow ? 1 : 8) * dayMs - i * 60_000).toISOString(),
  })
  const lines = [
    ...Array.from({ length: 20 }, (_, i) => execution(i, true)),
    ...Array.from({ length: 10 }, (_, i) => execution(i, false)),
  ].map(line => JSON.stringify(line))
  writeFileSync(`${cwd}/history.ndjson`, lines.join('\n'))
  expect((await tacit(['record', 'history.ndjson'], { cwd })).code).toBe(0)
  return cwd
}

const words = (line: string) => line.trim().split(/ {2,}/)

describe('on the command line', () => {
  test('metrics go by facets, with a trend against the window before, or by a named view', async () => {
    const cwd = await workspace()
    const plain = (await tacit(['metrics', '--group-by', 'tier,team', '--order-by', 'durationMs'], { cwd })).stdout
    expect(words(plain.split('\n')[0]!).slice(0, 3)).toEqual(['tier', 'team', 'executions'])
    expect(words(plain.split('\n')[1]!).slice(0, 3)).toEqual(['small', 'x + y', '15'])
    const trend = (await tacit(['metrics', '--group-by', 'tier', '--days-back', '7', '--trend'], { cwd })).stdout
    expect(words(trend.split('\n')[0]!)).toEqual(
      ['tier', 'executions', 'before', 'success', 'success by', 'duration ×'].concat('cost by'),
    )
    expect(words(trend.split('\n')[1]!).slice(0, 3)).toEqual(['large', '10', '5'])
    // 10 of 10 after 4 of 5.
    expect(words(trend.split('\n')[1]!)[4]).toMatch(/^\+20 pp \(/)
    expect(trend).toContain('percentage points (pp)')
    expect(trend).toContain('Compared with the time from')
    const json = await tacit(['metrics', '--view', 'team-performance', '--json'], { cwd })
    expect(JSON.parse(json.stdout)).toMatchObject({ groups: [{ group: { team: ['x', 'y'] }, executions: 30 }] })
    const cut = (await tacit(['metrics', '--limit', '1'], { cwd })).stdout
    expect(cut).toContain('1 group left out; raise --limit to see more.')
  })

  test('solutions and rates are listed, and a trend without a window is refused', async () => {
    const cwd = await workspace()
    const solutions = (await tacit(['solutions'], { cwd })).stdout
    expect(words(solutions.split('\n')[1]!).slice(0, 3)).toEqual(['Add an index', '–', '30'])
    expect((await tacit(['solutions', '--min-count', '31'], { cwd })).stdout).toContain(
      'No solution was named that often',
    )
    const rates = (await tacit(['rates', '--window-seconds', '3600'], { cwd })).stdout
    expect(rates).toMatch(/decision +30 +0\.00833/)
    const refused = await tacit(['metrics', '--trend'], { cwd })
    expect([refused.code, refused.stdout]).toEqual([2, ''])
    expect(refused.stderr).toContain('Give daysBack or since')
  })
})
