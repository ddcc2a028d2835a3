import type { Tacit } from '../../engine/types.ts'
import { TacitError } from '../../errors.ts'

type Open = (project: string) => Promise<Tacit>

interface Entry {
  readonly tacit: Promise<Tacit>
  users: number
  /** Not to be used by anybody new; closed when its last user is done. */
  isRetired: boolean
  /** Tells long users (event streams) to end. */
  readonly retirement: AbortController
}

/** The projects of a server, each opened when it is first asked for; the one idle for longest is closed first. */
export class Projects {
  readonly #most: () => number
  readonly #onFailure: (error: unknown) => void
  #open: Open
  /** The one used last comes last. */
  readonly #entries = new Map<string, Entry>()
  readonly #closing = new Set<Promise<void>>()

  /**
   * @param most how many may be open at once.
   * @param onFailure hears of projects that could not be closed; nobody waits for that.
   */
  constructor(open: Open, most: () => number, onFailure: (error: unknown) => void) {
    this.#open = open
    this.#most = most
    this.#onFailure = onFailure
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Runs `work` with an open project, which stays open until it is done. `signal` asks it to end early.
   * @throws TacitError OVERLOADED if as many projects as may be open are in use.
   */
  async use<Result>(project: string, work: (tacit: Tacit, signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const entry = this.#entry(project)
    entry.users++
    try {
      return await work(await entry.tacit, entry.retirement.signal)
    } finally {
      entry.users--
      if (entry.isRetired && entry.users === 0) this.#close(entry)
    }
  }

  /** From now on projects are opened by `open`; those that are open finish what they are at. */
  reopenWith(open: Open): void {
    this.#open = open
    for (const project of [...this.#entries.keys()]) this.#retire(project)
  }

  /** Asks long users to end, without keeping others from finishing. */
  endStreams(): void {
    for (const { retirement } of this.#entries.values()) retirement.abort()
  }

  /** Closes everything, when all users are done. */
  async close(): Promise<void> {
    for (const project of [...this.#entries.keys()]) this.#retire(project)
    await Promise.all(this.#closing)
  }

  #entry(project: string): Entry {
    const found = this.#entries.get(project)
    if (found !== undefined) {
      this.#entries.delete(project)
      this.#entries.set(project, found)
      return found
    }
    this.#makeRoom()
    const entry = { tacit: this.#open(project), users: 0, isRetired: false, retirement: new AbortController() }
    this.#entries.set(project, entry)
    // One that cannot be opened is not kept, so that the next request tries again.
    entry.tacit.catch(() => {
      if (this.#entries.get(project) === entry) this.#entries.delete(project)
    })
    return entry
  }

  #makeRoom(): void {
    if (this.#entries.size < this.#most()) return
    const idle = [...this.#entries].find(([, { users }]) => users === 0)
    if (idle === undefined) {
      throw new TacitError(
        'OVERLOADED',
        `All ${this.#most()} projects that may be open are in use. Try again, or raise server.maxProjects.`,
      )
    }
    this.#retire(idle[0])
  }

  #retire(project: string): void {
    const entry = this.#entries.get(project)!
    this.#entries.delete(project)
    entry.isRetired = true
    entry.retirement.abort()
    if (entry.users === 0) this.#close(entry)
  }

  #close({ tacit }: Entry): void {
    // A project that could not be opened has told its user so; there is nothing to close.
    const opened = tacit.catch(() => null)
    const closing = opened.then(tacit => tacit?.close()).catch(this.#onFailure)
    this.#closing.add(closing)
    closing.finally(() => this.#closing.delete(closing))
  }
}
