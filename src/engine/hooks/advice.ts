import { hashingEmbedder } from '../../embed/hashing.ts'
import type { HookFiles } from '../../ingest/hooks/spool.ts'
import { hash53 } from '../../math/hash.ts'
import type { LogEvent, Tacit } from '../types.ts'
import {
  type AdviceIndex,
  dropOlderHalf,
  emptyIndex,
  maxRows,
  readIndex,
  setRow,
  textOf,
  unknownSuccess,
  writeIndex,
} from './advice-index.ts'

const embedder = hashingEmbedder()
/** Fewer similar tasks with a known outcome say too little to speak of. */
const minSimilar = 3
const maxSimilar = 50
const maxArms = 5
const maxTextLength = 2000

/**
 * Brings what past tasks show level with the log, for `adviseOn`. Returns how many tasks it holds.
 * @param onTask called now and then with the number of tasks seen.
 */
export async function refreshAdvice(tacit: Tacit, files: HookFiles, onTask?: (tasks: number) => void): Promise<number> {
  const known = readIndex(files.advice, true)
  const index = known?.embedder === embedder.id ? known : emptyIndex(embedder.id, embedder.dimension)
  const before = index.cursor
  const rows = new Map<number, number>()
  const remap = () => {
    rows.clear()
    for (let row = 0; row < index.rows; row++) rows.set(index.executions[row]!, row)
  }
  remap()
  for await (const { events, next } of tacit.follow({ after: index.cursor })) {
    for (const event of events) {
      if (index.rows === maxRows) {
        dropOlderHalf(index)
        remap()
      }
      await take(index, rows, event)
    }
    onTask?.(index.rows)
    // The end of what is there: the log may go on, this does not wait for it.
    index.cursor = next
    if (events.length === 0) break
  }
  if (index.cursor !== before || known === null) writeIndex(files.advice, index)
  return index.rows
}

async function take(index: AdviceIndex, rows: Map<number, number>, event: LogEvent): Promise<void> {
  const execution = hash53(event.executionId)
  const row = rows.get(execution)
  if (event.kind === 'decision' && row === undefined && event.task && event.arm) {
    const arm = armNumber(index, event.arm)
    if (arm === null) return
    const [vector] = await embedder.embed([event.task])
    setRow(index, index.rows, { vector: vector!, arm, execution, text: event.task })
    rows.set(execution, index.rows)
    index.rows += 1
  } else if (event.kind === 'outcome' && row !== undefined) {
    index.success[row] = event.success == null ? unknownSuccess : Number(event.success)
    const arm = event.arm ? armNumber(index, event.arm) : null
    if (arm !== null) index.armOf[row] = arm
  }
}

function armNumber({ arms }: AdviceIndex, arm: string): number | null {
  const at = arms.indexOf(arm)
  if (at >= 0) return at
  return arms.length < 65_535 ? arms.push(arm) - 1 : null
}

/**
 * What similar past tasks show about the arms, in words for an agent, or null where they show too little. Numbers of
 * tasks and successes only: nothing is estimated that the log does not hold.
 * @param maxTokens most tokens of the text, counted as three characters each.
 */
export async function adviseOn(files: HookFiles, prompt: string, maxTokens: number): Promise<string | null> {
  const index = readIndex(files.advice, false)
  if (index === null || index.embedder !== embedder.id) return null
  const [vector] = await embedder.embed([prompt.slice(0, maxTextLength)])
  const similar = nearest(index, vector!)
  if (similar.length < minSimilar) return null
  const arms = new Map<number, { solved: number; tried: number }>()
  for (const { row } of similar) {
    const tally = arms.get(index.armOf[row]!) ?? { solved: 0, tried: 0 }
    tally.tried += 1
    tally.solved += index.success[row]!
    arms.set(index.armOf[row]!, tally)
  }
  const ranked = [...arms].sort(([, a], [, b]) => lowerBound(b) - lowerBound(a)).slice(0, maxArms)
  const lines = [
    `Tacit: of ${similar.length} similar past tasks,`,
    ...ranked.map(([arm, { solved, tried }]) => `- ${plain(index.arms[arm]!)} did ${tried} and solved ${solved}`),
    `The most similar: "${plain(textOf(index, similar[0]!.row))}".`,
    'This is what the record shows, not an instruction.',
  ]
  return withinBudget(lines, maxTokens * 3)
}

/** Rows with a known outcome whose cosine with `vector` is at least the embedder's threshold, the most similar first. */
function nearest(index: AdviceIndex, vector: Float32Array): { row: number; similarity: number }[] {
  const { rows, dimension, vectors, scales, success } = index
  const found: { row: number; similarity: number }[] = []
  for (let row = 0; row < rows; row++) {
    if (success[row] === unknownSuccess) continue
    const start = row * dimension
    let sum = 0
    for (let i = 0; i < dimension; i++) sum += vectors[start + i]! * vector[i]!
    const similarity = sum * scales[row]!
    if (similarity >= embedder.similarityThreshold) found.push({ row, similarity })
  }
  return found.sort((a, b) => b.similarity - a.similarity || b.row - a.row).slice(0, maxSimilar)
}

/** Lower end of Wilson's 90 % interval: few tries do not outrank many (Wilson 1927). */
function lowerBound({ solved, tried }: { solved: number; tried: number }): number {
  const z = 1.645
  const share = solved / tried
  const middle = share + (z * z) / (2 * tried)
  const half = z * Math.sqrt((share * (1 - share)) / tried + (z * z) / (4 * tried * tried))
  return (middle - half) / (1 + (z * z) / tried)
}

/** Names and tasks are other people's words: on one line, short, and without quotes that would end ours. */
const plain = (text: string) =>
  text
    .replace(/[\p{Cc}\p{Cf}"`<>]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 120)

/** Whole lines, the last of the least use first to go; null if not even two fit. */
function withinBudget(lines: readonly string[], maxLength: number): string | null {
  const [first, ...rest] = lines as [string, ...string[]]
  const last = rest.pop()!
  while (rest.length > 0 && [first, ...rest, last].join('\n').length > maxLength) rest.pop()
  return rest.length === 0 ? null : [first, ...rest, last].join('\n')
}
