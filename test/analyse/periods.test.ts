import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cover, nameOf, periods, type Span, startOf } from '../../src/analyse/rollup/periods.ts'

const us = (iso: string) => Date.parse(iso) * 1000
const hourUs = us('1970-01-01T01:00:00Z')

describe('a window', () => {
  test('of whole months is made of months, days and hours only at its ends', () => {
    const { spans, edges } = cover({ fromUs: us('2026-01-30T22:00:00Z'), toUs: us('2026-04-02T01:00:00Z') }, 'all')
    expect(spans.map(({ period, fromUs, toUs }) => [period, (toUs - fromUs) / hourUs])).toEqual([
      ['hour', 2],
      ['day', 24],
      ['month', (28 + 31) * 24],
      ['day', 24],
      ['hour', 1],
    ])
    expect(edges).toEqual([])
  })

  test('without ends is one cell, and without an end has months from its start on', () => {
    expect(cover({ fromUs: 0, toUs: Number.POSITIVE_INFINITY }, 'all').spans).toEqual([
      { period: 'all', fromUs: 0, toUs: Number.POSITIVE_INFINITY },
    ])
    const open = cover({ fromUs: us('2026-02-01T00:00:00Z'), toUs: Number.POSITIVE_INFINITY }, 'all')
    expect(open.spans.map(({ period }) => period)).toEqual(['month'])
  })

  test('is covered without gap or overlap, by periods no longer than asked for, with edges in which no whole hour lies', () => {
    const moment = fc.integer({ min: us('2025-12-01T00:00:00Z'), max: us('2026-03-05T00:00:00Z') })
    fc.assert(
      fc.property(moment, moment, fc.constantFrom(...periods), (a, b, longest) => {
        const window = { fromUs: Math.min(a, b), toUs: Math.max(a, b) }
        const { spans, edges } = cover(window, longest)
        const parts: Span[] = [...spans, ...edges].toSorted((x, y) => x.fromUs - y.fromUs)
        expect(parts.reduce((end, part) => (part.fromUs === end ? part.toUs : Number.NaN), window.fromUs)).toBe(
          window.toUs,
        )
        for (const { period, fromUs, toUs } of spans) {
          expect(periods.indexOf(period)).toBeLessThanOrEqual(periods.indexOf(longest))
          expect([startOf(period, fromUs), startOf(period, toUs)]).toEqual([fromUs, toUs])
        }
        for (const { fromUs, toUs } of edges) expect(toUs - fromUs).toBeLessThan(2 * hourUs)
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})

test('periods are called by their start, UTC', () => {
  const moment = us('2024-02-29T23:59:59.999Z')
  expect(nameOf('hour', startOf('hour', moment))).toBe('2024-02-29T23:00Z')
  expect(nameOf('day', startOf('day', moment))).toBe('2024-02-29')
  expect(nameOf('month', startOf('month', moment))).toBe('2024-02')
})
