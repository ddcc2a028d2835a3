import { dim, paint } from './output.ts'

/** Unchanged lines shown around a change. */
const around = 2

/**
 * The change from one text to another, for people: lines taken out and put in between those that stay at the start and the
 * end. Made for one place of change; several are shown as one.
 */
export function lineDiff(before: string, after: string): string {
  const [old, fresh] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++
  let end = 0
  while (end < old.length - start && end < fresh.length - start && old.at(-1 - end) === fresh.at(-1 - end)) end++
  const stay = (lines: readonly string[]) => lines.map(line => dim(`  ${line}`))
  return [
    ...stay(old.slice(Math.max(0, start - around), start)),
    ...old.slice(start, old.length - end).map(line => paint('red', `- ${line}`)),
    ...fresh.slice(start, fresh.length - end).map(line => paint('green', `+ ${line}`)),
    ...stay(old.slice(old.length - end, old.length - end + around)),
  ].join('\n')
}

const linesOf = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
