import { describe, expect, test } from 'vitest'
import type { Detector } from '../../src/learn/detector/detector.ts'
import type { State } from '../../src/learn/state.ts'
import { normal, seedRng } from '../../src/math/rng.ts'

/** What every detector promises; `make` restores one from its state. */
export function detectorContract(name: string, make: (state?: State) => Detector): void {
  /** Number of values until the alarm, or null if there was none. */
  const untilAlarm = (detector: Detector, seed: string, level: number, values: number) => {
    const rng = seedRng(seed)
    for (let i = 1; i <= values; i++) {
      const direction = detector.update(level + normal(rng))
      if (direction !== null) return { after: i, direction }
    }
    return null
  }
  const seeds = Array.from({ length: 40 }, (_, i) => `stream ${i}`)

  describe(`${name} keeps the detector contract:`, () => {
    test('a stream that stays as it is raises an alarm in at most one of ten runs of 1,000 values', () => {
      const alarms = seeds.filter(seed => untilAlarm(make(), seed, 0, 1000) !== null)
      expect(alarms.length).toBeLessThanOrEqual(4)
    })

    test.each([
      [1, 'up'],
      [-1, 'down'],
    ] as const)('a shift by %d deviation is found within 60 values, with its direction', (level, direction) => {
      for (const seed of seeds) {
        const found = untilAlarm(make(), seed, level, 60)
        expect(found?.direction).toBe(direction)
      }
    })

    test('a single outlier, however large, is no shift', () => {
      const detector = make()
      for (const value of [1e9, 0, 0, -1e9, 0, 0]) expect(detector.update(value)).toBeNull()
    })

    test('goes on from its state as if it had never stopped', () => {
      const rng = seedRng('state')
      const whole = make()
      let resumed = make()
      for (let i = 0; i < 200; i++) {
        const value = 0.4 + normal(rng)
        expect(resumed.update(value)).toBe(whole.update(value))
        resumed = make(JSON.parse(JSON.stringify(resumed.toState())) as State)
      }
      expect(resumed.toState()).toEqual(whole.toState())
    })
  })
}
