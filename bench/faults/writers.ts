import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Job, Line } from './writer.ts'

/** How long a writer may need until it writes again after trouble. */
const patienceMs = 60_000

/** A process that writes, seen from outside. */
export class Writer {
  /** Ids of everything that was acknowledged to it. */
  readonly acknowledged = new Set<string>()
  /** How often it was refused, by error code. */
  readonly refused = new Map<string, number>()
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #isEnded = false
  #isKilled = false
  #failure: Error | null = null
  #lastRefusal = ''

  /** `under`: a program with its arguments that runs the writer, such as strace. */
  constructor(job: Job, under: readonly string[] = []) {
    const script = fileURLToPath(new URL('./writer.ts', import.meta.url))
    const [program, ...args] = [...under, process.execPath, script, JSON.stringify(job)]
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let stderr = ''
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4_000)
    })
    // A writer that was killed reads no more.
    this.#child.stdin!.on('error', () => this.#child.stdin!.destroy())
    createInterface({ input: this.#child.stdout! }).on('line', text => this.#hear(text))
    this.#ended = new Promise(resolve => {
      this.#child.on('error', error => {
        this.#failure = error
        this.#isEnded = true
        resolve()
      })
      this.#child.on('close', (status, signal) => {
        const isKilled = this.#isKilled || signal === 'SIGKILL' || status === 137
        if (status !== 0 && !isKilled) this.#failure = new Error(`A writer broke off (${status ?? signal}): ${stderr}`)
        this.#isEnded = true
        resolve()
      })
    })
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Waits until so many more ids were acknowledged, or until it has ended by being killed. */
  async more(count: number): Promise<void> {
    const goal = this.acknowledged.size + count
    await this.#until(
      () => this.acknowledged.size >= goal,
      `acknowledged only ${this.acknowledged.size} of ${goal} writes`,
    )
  }

  /** Waits until it was refused so many more times. */
  async moreRefused(count: number): Promise<void> {
    const total = () => [...this.refused.values()].reduce((sum, times) => sum + times, 0)
    const goal = total() + count
    await this.#until(() => total() >= goal, `was refused only ${total()} of ${goal} times`)
  }

  /** Waits until it has ended, for whatever reason. */
  end(): Promise<void> {
    return this.#ended
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#isKilled = true
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Lets it finish its round and close; throws if it broke off by itself. */
  async stop(): Promise<void> {
    if (!this.#isEnded) this.#child.stdin!.write('stop\n')
    const late = sleep(patienceMs, 'late', { ref: false })
    if ((await Promise.race([this.#ended, late])) === 'late') {
      await this.kill()
      throw new Error(`A writer did not stop within ${patienceMs} ms. ${this.#lastRefusal}`)
    }
    if (this.#failure !== null) throw this.#failure
  }

  async #until(isThere: () => boolean, shortfall: string): Promise<void> {
    const deadline = performance.now() + patienceMs
    while (!isThere() && !this.#isEnded) {
      if (performance.now() > deadline)
        throw new Error(`A writer ${shortfall} within ${patienceMs} ms. ${this.#lastRefusal}`)
      await sleep(2)
    }
    if (this.#failure !== null) throw this.#failure
  }

  #hear(text: string): void {
    // A line that the kill cut off acknowledges nothing.
    if (!text.endsWith('}')) return
    const line = JSON.parse(text) as Line
    if (line.said === 'kept') for (const id of line.ids) this.acknowledged.add(id)
    else {
      this.refused.set(line.code, (this.refused.get(line.code) ?? 0) + 1)
      this.#lastRefusal = `It was last refused with: ${line.message}`
    }
  }
}
