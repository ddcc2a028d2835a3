import type { Config } from '../../config.ts'
import type { Database } from '../../engine/open.ts'
import { TacitError } from '../../errors.ts'
import { Figures } from './figures.ts'
import { IdempotentAnswers } from './idempotency.ts'
import { KeyFile } from './keys.ts'
import type { Logger } from './log.ts'
import { OpenTraces } from './open-traces.ts'
import { Projects } from './projects.ts'
import { RateLimiter } from './rate-limit.ts'

const idlePollMs = 10

/** What the routes of one server share. */
export class Service {
  readonly log: Logger
  readonly now: () => number
  readonly figures = new Figures()
  readonly projects: Projects
  readonly answers: IdempotentAnswers
  readonly openTraces: OpenTraces
  readonly #database: Database
  #config: Config
  #keys: KeyFile
  #limiter: RateLimiter | null
  #inFlight = 0
  #streams = 0
  #isStopping = false

  constructor(config: Config, database: Database, log: Logger, now: () => number) {
    this.#database = database
    this.#config = config
    this.log = log
    this.now = now
    this.#keys = new KeyFile(config.server.keysFile)
    this.#limiter = this.#createLimiter()
    this.answers = new IdempotentAnswers(now)
    this.projects = new Projects(
      project => this.#open(project),
      () => this.#config.server.maxProjects,
      error => log.error({ err: error }, 'a project could not be closed'),
    )
    this.openTraces = new OpenTraces(this.projects, now, error => log.error({ err: error }, 'traces were not settled'))
  }

  get config(): Config {
    return this.#config
  }

  get keys(): KeyFile {
    return this.#keys
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  get load() {
    return { inFlight: this.#inFlight, streams: this.#streams, projects: this.projects.size }
  }

  /** From now on `config` holds; what is running ends under the old one. */
  reconfigure(config: Config): void {
    this.#config = config
    this.#keys = new KeyFile(config.server.keysFile)
    this.#limiter = this.#createLimiter()
    this.log.level = config.server.logLevel
    this.projects.reopenWith(project => this.#open(project))
  }

  /** @throws TacitError RATE_LIMITED */
  assertRate(caller: string): void {
    this.#limiter?.take(caller)
  }

  /**
   * Runs something for a request, within the limits of how much at once and how long.
   * @throws TacitError OVERLOADED or TIMEOUT
   */
  async work<Result>(task: () => Promise<Result>): Promise<Result> {
    const { maxInFlight, requestTimeoutMs } = this.#config.server
    this.assertRunning()
    if (this.#inFlight >= maxInFlight) {
      throw new TacitError('OVERLOADED', `${maxInFlight} requests are being worked on already. Come back later.`)
    }
    this.#inFlight++
    const result = task().finally(() => {
      this.#inFlight--
    })
    return within(result, requestTimeoutMs)
  }

  /** @throws TacitError OVERLOADED while the server stops. */
  assertRunning(): void {
    if (this.#isStopping) throw new TacitError('OVERLOADED', 'The server is stopping. Come back later.')
  }

  /** Takes one of the places for event streams; the returned function gives it back. */
  openStream(): () => void {
    const { maxEventStreams } = this.#config.server
    this.assertRunning()
    if (this.#streams >= maxEventStreams) {
      throw new TacitError('OVERLOADED', `${maxEventStreams} event streams are open already. Come back later.`)
    }
    this.#streams++
    return () => {
      this.#streams--
    }
  }

  /** Takes nothing new, and tells event streams to end. */
  beginStop(): void {
    this.#isStopping = true
    this.projects.endStreams()
  }

  /** Waits for what is running, as long as the configuration allows, and closes the database. */
  async finish(): Promise<void> {
    const untilMs = performance.now() + this.#config.server.stopTimeoutMs
    while ((this.#inFlight > 0 || this.#streams > 0) && performance.now() < untilMs) {
      await new Promise(resolve => setTimeout(resolve, idlePollMs))
    }
    if (this.#inFlight > 0) this.log.warn({ inFlight: this.#inFlight }, 'stopped while requests were running')
    await within(this.openTraces.close(), this.#config.server.stopTimeoutMs)
    await within(this.projects.close(), this.#config.server.stopTimeoutMs)
    await this.#database.close()
  }

  #open(project: string) {
    return this.#database.open({ ...this.#config, scope: project })
  }

  #createLimiter(): RateLimiter | null {
    const { requestsPerSecond } = this.#config.server
    return requestsPerSecond === null ? null : new RateLimiter(requestsPerSecond, this.now)
  }
}

/** @throws TacitError TIMEOUT */
async function within<Result>(work: Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timedOut(ms)), ms)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

const timedOut = (ms: number) =>
  new TacitError(
    'TIMEOUT',
    `There was no answer within ${ms} ms. Whether it was done is not known: send it again with the same Idempotency-Key.`,
  )
