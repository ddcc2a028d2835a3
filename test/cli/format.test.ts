import { describe, expect, it } from 'vitest'
import * as format from '../../src/serve/cli/format.ts'
import { renderTable } from '../../src/serve/cli/table.ts'

describe('numbers for people', () => {
  it.each([
    [0, '0 ms'],
    [0.25, '250 µs'],
    [7.345, '7.3 ms'],
    [840, '840 ms'],
    [1250, '1.3 s'],
    [45_000, '45 s'],
    [90_000, '1.5 min'],
    [5_400_000, '1.5 h'],
    [172_800_000, '2 d'],
    [null, '–'],
  ])('a duration of %s ms reads %s', (durationMs, text) => {
    expect(format.formatDuration(durationMs)).toBe(text)
  })

  it.each([
    [0, '$0.00'],
    [0.0042, '$0.0042'],
    [0.123, '$0.12'],
    [12.4, '$12.40'],
    [1234.5, '$1,234.50'],
    [null, '–'],
  ])('a cost of %s reads %s', (costUsd, text) => {
    expect(format.formatMoney(costUsd)).toBe(text)
  })

  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.724, '72 %'],
    [0.001, '<1 %'],
    [0.999, '>99 %'],
    [null, '–'],
  ])('a share of %s reads %s', (share, text) => {
    expect(format.formatShare(share)).toBe(text)
  })

  it('stand before their interval, in the same unit', () => {
    expect(format.formatShareEstimate(0.72, [0.55, 0.85])).toBe('72 % (55–85)')
    expect(format.formatDurationEstimate({ value: 1300, interval: [900, 61_000] })).toBe('1.3 s (0.9–61)')
    expect(format.formatMoneyEstimate({ value: 0.0042, interval: [0.0031, 0.0055] })).toBe('$0.0042 (0.0031–0.0055)')
  })

  it('that are unknown are a dash, with or without an interval, and never 0', () => {
    expect(format.formatShareEstimate(null, [0, 1])).toBe('–')
    expect(format.formatDurationEstimate({ value: null, interval: null })).toBe('–')
    expect(format.formatUnitEstimate({ value: null, interval: null })).toBe('–')
    expect(format.formatTime(null)).toBe('–')
    expect(format.shorten(null, 10)).toBe('–')
  })

  it('count bytes, things and times', () => {
    expect([0, 512, 1536, 5_242_880].map(format.formatBytes)).toEqual(['0 B', '512 B', '1.5 KiB', '5 MiB'])
    expect([0, 1, 12_345].map(count => format.plural(count, 'fact'))).toEqual(['0 facts', '1 fact', '12,345 facts'])
    expect(format.formatTime('2026-03-01T12:30:59.123Z')).toBe('2026-03-01 12:30 UTC')
  })

  it('and text is put on one line and cut between characters', () => {
    expect(format.shorten('two\n  lines\u0007', 20)).toBe('two lines')
    expect(format.shorten('😀😀😀😀', 3)).toBe('😀😀…')
  })
})

describe('a table', () => {
  it('aligns its columns, wide characters and colours included', () => {
    const rows = [
      { name: 'a', count: 1 },
      { name: '日本', count: 200 },
      { name: '\u001B[1mbold\u001B[22m', count: 30 },
    ]
    const columns = [
      { title: 'name', cell: (row: (typeof rows)[0]) => row.name },
      { title: 'n', align: 'right' as const, cell: (row: (typeof rows)[0]) => String(row.count) },
    ]
    expect(renderTable(columns, rows, text => text).split('\n')).toEqual([
      'name    n',
      'a       1',
      '日本  200',
      '\u001B[1mbold\u001B[22m   30',
    ])
  })
})
