import type { Estimate } from '../../records.ts'

/** Numbers as people read them. Null is "–" everywhere. */
export const unknown = '–'

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** 12345 → "12,345"; fractions (evidence fades with age) keep one digit below 100. */
export function formatCount(value: number | null): string {
  if (value === null) return unknown
  return Number.isInteger(value) || value >= 100 ? whole.format(value) : value.toFixed(1)
}

/** 0.724 → "72 %". Shares that are neither none nor all are never shown as 0 % or 100 %. */
export function formatShare(share: number | null): string {
  return share === null ? unknown : `${shareDigits(share)} %`
}

/** 72 % (55–85). */
export function formatShareEstimate(value: number | null, interval: readonly [number, number] | null): string {
  return withInterval(formatShare(value), interval, percentDigits)
}

/** 0.8 with two digits. */
export function formatUnit(value: number | null): string {
  return value === null ? unknown : value.toFixed(2)
}

/** 0.62 (0.48–0.75). */
export function formatUnitEstimate({ value, interval }: Pick<Estimate, 'value' | 'interval'>): string {
  return withInterval(formatUnit(value), interval, formatUnit)
}

const durationUnits = [
  { limit: 1, size: 0.001, name: 'µs' },
  { limit: 1000, size: 1, name: 'ms' },
  { limit: 60_000, size: 1000, name: 's' },
  { limit: 3_600_000, size: 60_000, name: 'min' },
  { limit: 86_400_000, size: 3_600_000, name: 'h' },
  { limit: Number.POSITIVE_INFINITY, size: 86_400_000, name: 'd' },
] as const
const durationUnit = (durationMs: number) =>
  durationUnits.find(({ limit }) => durationMs < limit) ?? durationUnits[durationUnits.length - 1]!

/** Milliseconds as "840 ms", "1.3 s", "12 min". */
export function formatDuration(durationMs: number | null): string {
  if (durationMs === null) return unknown
  if (durationMs === 0) return '0 ms'
  const { size, name } = durationUnit(durationMs)
  return `${threeDigits(durationMs / size)} ${name}`
}

/** 1.3 s (0.9–1.6), both ends in the unit of the value. */
export function formatDurationEstimate({ value, interval }: Pick<Estimate, 'value' | 'interval'>): string {
  if (value === null) return unknown
  const { size } = durationUnit(value)
  return withInterval(formatDuration(value), interval, end => threeDigits(end / size))
}

/** US dollars: "$12.40", "$0.0042". */
export function formatMoney(costUsd: number | null): string {
  return costUsd === null ? unknown : `$${moneyDigits(costUsd)}`
}

/** $0.0042 (0.0031–0.0055). */
export function formatMoneyEstimate({ value, interval }: Pick<Estimate, 'value' | 'interval'>): string {
  return withInterval(formatMoney(value), interval, moneyDigits)
}

/** 1536 → "1.5 KiB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  return `${threeDigits(bytes / 1024 ** power)} ${units[power]}`
}

/** An ISO 8601 time as "2026-03-01 12:30 UTC"; the text itself if it is none. */
export function formatTime(iso: string | null): string {
  if (iso === null) return unknown
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/.exec(iso)
  return match ? `${match[1]} ${match[2]} UTC` : iso
}

/** On one line, at most `length` characters. */
export function shorten(text: string | null, length: number): string {
  if (text === null) return unknown
  const line = text
    .slice(0, length * 4)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const characters = [...line]
  return characters.length <= length ? line : `${characters.slice(0, length - 1).join('')}…`
}

/** "1 fact", "2 facts". */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

function withInterval(text: string, interval: readonly [number, number] | null, end: (value: number) => string) {
  return interval === null || text === unknown ? text : `${text} (${end(interval[0])}–${end(interval[1])})`
}

const percentDigits = (share: number) => whole.format(share * 100)

function shareDigits(share: number): string {
  if (share > 0 && share < 0.005) return '<1'
  if (share < 1 && share >= 0.995) return '>99'
  return percentDigits(share)
}

function threeDigits(value: number): string {
  return Number.isInteger(value) || value >= 9.95 ? whole.format(value) : value.toFixed(1)
}

function moneyDigits(costUsd: number): string {
  if (costUsd === 0 || costUsd >= 0.995) {
    return costUsd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  }
  return costUsd.toLocaleString('en-US', { minimumSignificantDigits: 2, maximumSignificantDigits: 2 })
}
