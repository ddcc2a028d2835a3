import type { Growth } from './growth.ts'

const perDay = [1_000, 10_000, 100_000, 1_000_000]
const daySeconds = 86_400
/** Work comes in waves: the busiest hour of a day is taken to hold so many times the average. */
const peak = 5
/** Facts per execution: a decision, an outcome, and feedback on every fourth. */
const factsPerExecution = 2.25

/** What a growth comes to over days and years, as a table. */
export function arithmetic({ store, bytes }: Growth): string {
  const lines = perDay.map(count => {
    const daily = count * bytes
    const cells = [
      count.toLocaleString('en'),
      size(daily),
      size(daily * 30),
      size(daily * 365),
      Number(((count * factsPerExecution * peak) / daySeconds).toPrecision(2)),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const title = `| ${store}: executions a day | a day | 30 days | a year | facts per second in the busiest hour |`
  return [title, '|---|---|---|---|---|', ...lines].join('\n')
}

/** Bytes in the largest unit of which there is at least one. */
function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)))
  return `${Number((bytes / 1000 ** power).toPrecision(2))} ${units[power]}`
}
