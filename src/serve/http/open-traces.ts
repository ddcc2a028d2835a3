import type { Projects } from './projects.ts'

const settleAfterMs = 60_000
const checkMs = 5000
const mostOpen = 10_000

interface OpenTrace {
  readonly project: string
  readonly traceId: string
  atMs: number
}

/**
 * Traces whose root has not come. Their steps are on record; when a trace has been quiet for a minute, or too many are
 * open, or the server stops, an execution is made of what there is. A root that comes later corrects it.
 */
export class OpenTraces {
  readonly #projects: Projects
  readonly #now: () => number
  readonly #onFailure: (error: unknown) => void
  /** The one touched last comes last. */
  readonly #open = new Map<string, OpenTrace>()
  readonly #timer: NodeJS.Timeout

  /** @param onFailure hears of traces that could not be settled; nobody waits for that. */
  constructor(projects: Projects, now: () => number, onFailure: (error: unknown) => void) {
    this.#projects = projects
    this.#now = now
    this.#onFailure = onFailure
    this.#timer = setInterval(() => void this.#settleQuiet(), checkMs)
    this.#timer.unref()
  }

  /** Notes which of the traces that were touched are still open. */
  async touched(project: string, touched: Iterable<string>, open: readonly string[]): Promise<void> {
    for (const traceId of touched) this.#open.delete(`${project} ${traceId}`)
    for (const traceId of open) this.#open.set(`${project} ${traceId}`, { project, traceId, atMs: this.#now() })
    const tooMany = [...this.#open.values()].slice(0, Math.max(0, this.#open.size - mostOpen))
    await this.#settle(tooMany)
  }

  /** Settles all that are open. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#settle([...this.#open.values()])
  }

  async #settleQuiet(): Promise<void> {
    const untilMs = this.#now() - settleAfterMs
    await this.#settle([...this.#open.values()].filter(({ atMs }) => atMs <= untilMs))
  }

  async #settle(traces: readonly OpenTrace[]): Promise<void> {
    for (const { project, traceId } of traces) this.#open.delete(`${project} ${traceId}`)
    for (const [project, group] of Map.groupBy(traces, trace => trace.project)) {
      const ids = group.map(({ traceId }) => traceId)
      await this.#projects.use(project, tacit => tacit.traces.settle(ids)).catch(this.#onFailure)
    }
  }
}
