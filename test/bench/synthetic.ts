import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/**
 * A small data set in the bench's format: 4 tasks in 2 families, 3 arms, 2 attempts. Quality of `strong` is 1 on every
 * attempt; `even` is 1 on family a and 0 on family b; `weak` is 0 then 1. One duration and one execution are missing.
 */
export const syntheticLines = ['a/one', 'a/two', 'b/one', 'b/two'].flatMap((category, task) =>
  [7, 9].flatMap((attempt, visit) =>
    [
      { arm: 'strong', quality: 1, duration_s: 8, cost: 0.5 },
      { arm: 'even', quality: task < 2 ? 1 : 0, duration_s: 2, cost: 0.01 },
      { arm: 'weak', quality: visit, duration_s: 1, cost: 0.0001 },
    ].map(line => ({ task_id: `t${task}`, task_text: `do the thing number ${task}`, category, attempt, ...line })),
  ),
)

export const syntheticViews = {
  successThreshold: 0.5,
  categoryDepth: 1,
  views: [
    { name: 'small' },
    { name: 'small_mid', dropArmsWithMeanAtLeast: 0.9 },
    {
      name: 'small_u',
      utility: [
        { term: 'quality', weight: 1 },
        { term: 'duration_s', weight: -0.5, scale: 'linear', from: 0, to: 10, missing: 10 },
        { term: 'arm', startsWith: 'str', weight: -0.25 },
      ],
    },
  ],
}

export const syntheticSplits = {
  offline_test_task_index: { 0: [1, 3], 1: [0, 2] },
  online_order_task_index: { 0: [0, 1, 2, 3, 3, 2, 1, 0], 1: [3, 3, 2, 2, 1, 1, 0, 0] },
  note: 'anything else is allowed',
}

/** A folder with the given data sets, and a clean-up. */
export function writeFolder(
  sets: Readonly<Record<string, { lines: readonly object[]; views: unknown; splits: unknown }>>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'tacit-bench-test-'))
  for (const [name, { lines, views, splits }] of Object.entries(sets)) {
    mkdirSync(join(folder, name))
    const text = lines.map(line => JSON.stringify(line)).join('\n')
    writeFileSync(join(folder, name, 'executions.jsonl.gz'), gzipSync(`${text}\n`))
    writeFileSync(join(folder, name, 'splits.json.gz'), gzipSync(JSON.stringify(splits)))
    writeFileSync(join(folder, name, 'views.json'), JSON.stringify(views))
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The small set, without the duration of weak's first attempt on t0 and without even's second attempt on t3. */
export function writeSynthetic() {
  const lines = syntheticLines
    .filter(line => !(line.task_id === 't3' && line.arm === 'even' && line.attempt === 9))
    .map(line =>
      line.task_id === 't0' && line.arm === 'weak' && line.attempt === 7 ? { ...line, duration_s: null } : line,
    )
  return writeFolder({ small: { lines, views: syntheticViews, splits: syntheticSplits } })
}
