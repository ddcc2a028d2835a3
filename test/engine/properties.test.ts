import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seedRng, shuffle } from '../../src/math/rng.ts'
import { collect } from '../helpers/collect.ts'
import { type Opened, openEngine, stateHash, sufficientStatistics } from './engine.ts'
import { anyScenario, play } from './scenario.ts'

const runs = (numRuns: number) => ({ seed: 2026, numRuns, endOnFailure: true })
const settings = [{}, { utility: { rating: { weight: 0.5 }, durationMs: { weight: -0.25, to: 5000 } } }] as const

/** Runs `use` on engines that are closed right after it, however often a property is tried. */
async function within<T>(options: Parameters<typeof openEngine>[0], use: (opened: Opened) => Promise<T>): Promise<T> {
  const opened = await openEngine(options)
  try {
    return await use(opened)
  } finally {
    await opened.tacit.close()
  }
}

async function hashes({ tacit }: Opened) {
  const { logHash, stateHash, facts, verified } = await tacit.replay({ verify: true })
  return { logHash, stateHash, facts, verified }
}

describe('whatever was called in whatever order,', () => {
  test.each(settings)('replay equals live, to the byte (%o)', async options => {
    let facts = 0
    await fc.assert(
      fc.asyncProperty(anyScenario, commands =>
        within(options, async opened => {
          await play(commands, opened.tacit, opened.clock)
          const report = await hashes(opened)
          expect(report.verified).toBe(true)
          facts += report.facts
        }),
      ),
      runs(30),
    )
    expect(facts).toBeGreaterThan(200)
  })

  test('calling everything again with the same ids changes neither log nor state', async () => {
    await fc.assert(
      fc.asyncProperty(anyScenario, commands =>
        within({}, async opened => {
          await play(commands, opened.tacit, opened.clock)
          const before = await hashes(opened)
          const repeated = commands.filter(({ isRepeatable }) => isRepeatable)
          await play(repeated, opened.tacit, opened.clock)
          await play(shuffle(seedRng('again'), repeated), opened.tacit, opened.clock)
          expect(await hashes(opened)).toEqual(before)
        }),
      ),
      runs(25),
    )
  })

  test.each(settings)(
    'the log taken in elsewhere, in any order of arrival, gives the same bytes (%o)',
    async options => {
      await fc.assert(
        fc.asyncProperty(anyScenario, fc.string(), (commands, seed) =>
          within(options, async source => {
            await play(commands, source.tacit, source.clock)
            const facts = await collect(source.tacit.exportFacts())
            const { logHash, stateHash } = await hashes(source)
            const rng = seedRng(seed)
            await within(options, async copy => {
              // What the log holds must not lie in the copy's future.
              copy.clock.nowMs = source.clock.nowMs
              const arrived = shuffle(rng, facts)
              const [first, second] = [arrived.slice(0, arrived.length / 2), arrived.slice(arrived.length / 3)]
              for (const part of [first, second]) await copy.tacit.importFacts(part)
              expect(await hashes(copy)).toEqual({ logHash, stateHash, facts: facts.length, verified: true })
            })
          }),
        ),
        runs(20),
      )
    },
  )
})

describe('any order of late, early, repeated and corrected outcomes', () => {
  interface Story {
    readonly arm: string
    readonly qualities: readonly number[]
  }
  const stories = fc.array(
    fc.record({
      arm: fc.constantFrom('a', 'b', 'c'),
      qualities: fc.array(
        fc.integer({ min: 0, max: 8 }).map(n => n / 8),
        { maxLength: 3 },
      ),
    }),
    { minLength: 1, maxLength: 6 },
  )

  /** Plays each story's calls in their own order, interleaved at random; some calls are repeated later on. */
  async function tell({ tacit }: Opened, told: readonly Story[], seed: string): Promise<void> {
    const rng = seedRng(seed)
    const calls = told.map(({ arm, qualities }, i) => {
      const id = `e${i}`
      const decide = () =>
        tacit.decide({ task: `t${i % 3}`, taskType: i % 2 ? 'odd' : 'even', arms: [arm], decisionId: id })
      const observed = qualities.map(
        (quality, k) => () =>
          tacit.observe(id, { quality, success: quality > 0.5, costUsd: quality, outcomeId: `${id}-${k}` }),
      )
      const early = Math.floor(rng() * (observed.length + 1))
      return [...observed.slice(0, early), decide, ...observed.slice(early)]
    })
    const done: (() => Promise<unknown>)[] = []
    for (let left = calls.flat().length; left > 0; left--) {
      const waiting = calls.filter(queue => queue.length > 0)
      const call = waiting[Math.floor(rng() * waiting.length)]!.shift()!
      await call()
      done.push(call)
      if (rng() < 0.3) await done[Math.floor(rng() * done.length)]!()
    }
  }

  test('gives the same sufficient statistics: those of the last outcome of each alone', async () => {
    await fc.assert(
      fc.asyncProperty(stories, fc.string(), (told, seed) =>
        within({}, mixed =>
          within({}, async plain => {
            await tell(mixed, told, seed)
            await tell(
              plain,
              told.map(({ arm, qualities }) => ({ arm, qualities: qualities.slice(-1) })),
              'in order',
            )
            const [a, b] = [await sufficientStatistics(mixed), await sufficientStatistics(plain)]
            // Deadlines count from when the log took the decision; logarithms of costs are not exact in sum.
            expect(Object.keys(a.inFlight)).toEqual(Object.keys(b.inFlight))
            expect(rounded({ ...a, inFlight: null })).toEqual(rounded({ ...b, inFlight: null }))
            expect({ utility: a.utility, pSuccess: a.pSuccess, pending: a.pending }).toEqual({
              utility: b.utility,
              pSuccess: b.pSuccess,
              pending: b.pending,
            })
            expect(await stateHash(mixed)).toBe((await mixed.tacit.replay({ verify: true })).stateHash)
          }),
        ),
      ),
      runs(40),
    )
  })
})

function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, part) => (typeof part === 'number' ? Number(part.toFixed(9)) : part)))
}
