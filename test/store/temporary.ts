import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { openSqliteStore, type SqliteOptions } from '../../src/store/sqlite/open.ts'
import type { Store } from '../../src/store/store.ts'
import type { Task } from './child.ts'

/** A directory that is removed when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tacit-store-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

/** Opens a store that is closed when the test is over. */
export async function openStoreAt(path: string, options: Partial<SqliteOptions> = {}): Promise<Store> {
  const store = await openSqliteStore({ path, durability: 'normal', busyTimeoutMs: 10_000, ...options })
  onTestFinished(() => store.close())
  return store
}

/** A digest of each of the named files of a directory (left out: all of them). */
export function digestsOf(directory: string, names: readonly string[] = readdirSync(directory)): Map<string, string> {
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex')
  return new Map(names.toSorted().map(name => [name, digest(name)]))
}

/** Runs child.ts in a process of its own; `onLine` may kill it. */
export function runChild(
  task: Task,
  onLine: (line: string, kill: () => void) => void = () => {},
): Promise<{ lines: string[]; stderr: string }> {
  const script = fileURLToPath(new URL('./child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  let isKilled = false
  let handled = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    const lines = stdout.split('\n').slice(0, -1)
    for (; handled < lines.length; handled += 1) {
      onLine(lines[handled]!, () => {
        isKilled = child.kill('SIGKILL')
      })
    }
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', status => {
      // A line that was cut by the kill was still acknowledged only if it is whole.
      if (status === 0 || isKilled) resolve({ lines: stdout.split('\n').slice(0, -1), stderr })
      else reject(new Error(`The child ended with ${status}: ${stderr}`))
    })
  })
}
