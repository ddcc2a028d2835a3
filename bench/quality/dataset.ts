import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { TacitError } from '../../src/errors.ts'

/**
 * A data set on disk: `executions.jsonl.gz` (one line = one execution of one arm on one task), `splits.json.gz` (the test
 * tasks of each offline split and the task orders of the online runs) and `views.json` (variants of the set).
 * See docs/benchmarks.md for the format.
 */
export interface DataSet {
  readonly name: string
  /** In the order of their first appearance; splits and orders refer to this index. */
  readonly tasks: readonly Task[]
  readonly arms: readonly string[]
  readonly rows: readonly Row[]
  /** For each offline split the indexes of its test tasks; all other tasks are for training. */
  readonly offlineTests: readonly (readonly number[])[]
  /** For each online run the tasks in the order of their visits. */
  readonly onlineOrders: readonly (readonly number[])[]
  readonly views: readonly ViewRule[]
  /** A reward from here on counts as success (for AUC), where a view has no limit of its own. */
  readonly successThreshold: number
  /** How many parts of a category count, parts being divided by slashes; null: all. */
  readonly categoryDepth: number | null
}

export interface Task {
  readonly text: string
  readonly category: string | null
}

/** One execution. `task` and `arm` are indexes; null: not measured. */
export interface Row {
  readonly task: number
  readonly arm: number
  /** 0, 1, …: which of the repeated executions of this arm on this task. */
  readonly attempt: number
  readonly quality: number | null
  readonly durationS: number | null
  readonly costUsd: number | null
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly outputChars: number | null
}

const number = z.number().nullish()
const lineSchema = z.object({
  task_id: z.union([z.string(), z.number()]).transform(String),
  task_text: z.string().nullish(),
  category: z.string().nullish(),
  arm: z.string().min(1),
  attempt: number,
  quality: z.number().min(0).max(1).nullish(),
  duration_s: number,
  cost: number,
  input_tokens: number,
  output_tokens: number,
  output_chars: number,
})
type Line = z.output<typeof lineSchema>

const termSchema = z.strictObject({
  term: z.enum(['quality', 'duration_s', 'cost', 'input_tokens', 'output_tokens', 'output_chars', 'arm']),
  weight: z.number(),
  startsWith: z.string().optional(),
  scale: z.enum(['linear', 'log10']).default('linear'),
  from: z.number().default(0),
  to: z.number().default(1),
  missing: z.number().nullable().default(null),
  note: z.string().optional(),
})
/** One summand of a utility: weight x value, the value scaled to 0..1 (quality: as it is; arm: 1 for the arms named). */
export type UtilityTerm = z.output<typeof termSchema>

const depth = z.int().min(1).nullish()
const viewSchema = z.strictObject({
  name: z.string().min(1),
  dropArmsWithMeanAtLeast: z.number().nullish(),
  utility: z.array(termSchema).min(1).nullish(),
  successThreshold: z.number().nullish(),
  categoryDepth: depth,
  note: z.string().optional(),
})
/** A variant of a set: without the arms whose mean quality reaches a limit, or with a utility other than quality. */
export type ViewRule = z.output<typeof viewSchema>

const viewsSchema = z.object({
  successThreshold: z.number().default(0.5),
  categoryDepth: depth,
  views: z.array(viewSchema).min(1),
})

const indexLists = z.union([
  z.array(z.array(z.int().nonnegative())),
  z.record(z.string(), z.array(z.int().nonnegative())),
])
const splitsSchema = z.object({
  offline_test_task_index: indexLists.default([]),
  online_order_task_index: indexLists.default([]),
})

const files = ['executions.jsonl.gz', 'splits.json.gz', 'views.json'] as const

/** The sub-folders of `folder` that are data sets, by name, and those that are not, with the files they lack. */
export function findDataSets(folder: string): { found: string[]; skipped: { name: string; lacks: string[] }[] } {
  if (!existsSync(folder))
    throw new TacitError('NOT_FOUND', `There is no folder ${folder}. Set TACIT_DATA to the folder of data sets.`)
  const found: string[] = []
  const skipped: { name: string; lacks: string[] }[] = []
  const names = readdirSync(folder, { withFileTypes: true }).filter(
    entry => entry.isDirectory() || entry.isSymbolicLink(),
  )
  for (const { name } of names.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const lacks = files.filter(file => !existsSync(join(folder, name, file)))
    if (lacks.length === 0) found.push(name)
    else skipped.push({ name, lacks })
  }
  return { found, skipped }
}

/** The rules of the views of a set, without reading its executions. */
export function readViewRules(folder: string): ViewRule[] {
  return readViews(folder).views
}

/**
 * Reads a data set.
 * @throws TacitError INVALID_INPUT that names the file (and line) that does not follow the format.
 */
export function readDataSet(folder: string, name: string): DataSet {
  const { successThreshold, categoryDepth, views } = readViews(folder)
  const path = join(folder, files[0])
  const lines = gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .flatMap((text, index) =>
      text.trim() === '' ? [] : [check(lineSchema, parseJson(text, `${path}:${index + 1}`), `${path}:${index + 1}`)],
    )
  const taskIndex = new Map<string, number>()
  const armIndex = new Map<string, number>()
  const tasks: Task[] = []
  for (const line of lines) {
    if (!armIndex.has(line.arm)) armIndex.set(line.arm, armIndex.size)
    if (taskIndex.has(line.task_id)) continue
    taskIndex.set(line.task_id, tasks.length)
    tasks.push({ text: line.task_text || line.task_id, category: line.category || null })
  }
  const attempt = numberAttempts(lines)
  const rows = lines.map((line, index) => ({
    task: taskIndex.get(line.task_id)!,
    arm: armIndex.get(line.arm)!,
    attempt: attempt[index]!,
    quality: line.quality ?? null,
    durationS: line.duration_s ?? null,
    costUsd: line.cost ?? null,
    inputTokens: line.input_tokens ?? null,
    outputTokens: line.output_tokens ?? null,
    outputChars: line.output_chars ?? null,
  }))
  const splitsPath = join(folder, files[1])
  const splits = check(
    splitsSchema,
    parseJson(gunzipSync(readFileSync(splitsPath)).toString('utf8'), splitsPath),
    splitsPath,
  )
  const offlineTests = Object.values(splits.offline_test_task_index)
  const onlineOrders = Object.values(splits.online_order_task_index)
  for (const task of [...offlineTests, ...onlineOrders].flat()) {
    if (task >= tasks.length) throw invalid(splitsPath, `task index ${task}, but the set has ${tasks.length} tasks`)
  }
  return {
    name,
    tasks,
    arms: [...armIndex.keys()],
    rows,
    offlineTests,
    onlineOrders,
    views,
    successThreshold,
    categoryDepth: categoryDepth ?? null,
  }
}

function readViews(folder: string) {
  const path = join(folder, files[2])
  return check(viewsSchema, parseJson(readFileSync(path, 'utf8'), path), path)
}

/**
 * Attempts counted 0, 1, … within a task. Where the rows name them, the same name is the same attempt for all arms;
 * otherwise the repeated rows of an arm on a task are counted in the order of the file.
 */
function numberAttempts(lines: readonly Line[]): number[] {
  const named = new Map<string, Set<number>>()
  for (const { task_id, attempt } of lines) {
    if (typeof attempt === 'number') named.set(task_id, (named.get(task_id) ?? new Set()).add(attempt))
  }
  const ranks = new Map([...named].map(([task, set]) => [task, [...set].sort((a, b) => a - b)]))
  const seen = new Map<string, number>()
  return lines.map(({ task_id, arm, attempt }) => {
    if (typeof attempt === 'number') return ranks.get(task_id)!.indexOf(attempt)
    const key = JSON.stringify([task_id, arm])
    const count = seen.get(key) ?? 0
    seen.set(key, count + 1)
    return count
  })
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TacitError('INVALID_INPUT', `${where} is not valid JSON: ${(cause as Error).message}.`, { cause })
  }
}

function check<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  throw invalid(where, `${issue.path.join('.')}: ${issue.message}`)
}

function invalid(where: string, what: string): TacitError {
  return new TacitError(
    'INVALID_INPUT',
    `${where}: ${what}. Correct the file; docs/benchmarks.md describes the format.`,
  )
}
