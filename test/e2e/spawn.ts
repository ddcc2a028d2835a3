import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Job, Line } from './worker.ts'

export interface Worker {
  readonly child: ChildProcess
  /** Every whole line it has said so far. */
  readonly lines: readonly Line[]
  /** How it ended; rejects if it failed by itself. */
  readonly ended: Promise<'finished' | 'killed'>
  kill(): void
}

/** Starts worker.ts as a process; `onLine` hears each line as it comes. */
export function startWorker(job: Job, onLine: (line: Line) => void = () => {}): Worker {
  const script = fileURLToPath(new URL('./worker.ts', import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: Line[] = []
  let stderr = ''
  let isKilled = false
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  createInterface({ input: child.stdout }).on('line', text => {
    // A line that the kill cut off acknowledges nothing.
    if (!text.endsWith('}')) return
    const line = JSON.parse(text) as Line
    lines.push(line)
    onLine(line)
  })
  const ended = new Promise<'finished' | 'killed'>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', status => {
      if (status === 0) resolve('finished')
      else if (isKilled) resolve('killed')
      else reject(new Error(`The worker ended with ${status}: ${stderr}`))
    })
  })
  const kill = () => {
    isKilled = child.kill('SIGKILL') || isKilled
  }
  return { child, lines, ended, kill }
}
