/**
 * A process of its own that works on a database file: `node child.ts <JSON of Task>`. It prints one line per
 * acknowledged write (or the code of the error that stopped it).
 */
import { writeSync } from 'node:fs'
import { TacitError } from '../../src/errors.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { decisionFact } from '../helpers/facts.ts'

export interface Task {
  readonly path: string
  readonly durability: 'normal' | 'full'
  readonly readOnly?: boolean
  /** Facts to append; -1: until killed. */
  readonly appends: number
  /** Ids are this, a dash and a number. */
  readonly prefix: string
  /** Give up the rights of an administrator first, so that file permissions count. */
  readonly asNobody?: boolean
}

const say = (line: string) => writeSync(1, `${line}\n`)

async function run(task: Task): Promise<void> {
  if (task.asNobody && process.getuid?.() === 0) process.setuid?.(65_534)
  const { path, durability, readOnly } = task
  const store = await openSqliteStore({ path, durability, readOnly, busyTimeoutMs: 60_000 })
  say(`origin ${store.origin}`)
  for (let index = 0; index !== task.appends; index += 1) {
    const id = `${task.prefix}-${index}`
    const [result] = await store.append(
      's',
      [[decisionFact(id)]],
      [{ executionId: id, embedder: 'e', vector: Float32Array.of(0.6, 0.8) }],
    )
    say(`${result!.status} ${id} ${result!.facts[0]!.cursor}`)
  }
  await store.close()
}

try {
  await run(JSON.parse(process.argv[2]!) as Task)
} catch (error) {
  if (!(error instanceof TacitError)) throw error
  say(`error ${error.code} ${error.message}`)
}
