import type { Config } from '../../config.ts'
import { TacitError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import { Learner } from '../learner.ts'
import type { Synchroniser } from '../synchroniser.ts'
import { KeptDocument } from './kept-document.ts'

/** What goes on learning from every outcome; it is in use unless a model was put in its place. */
const live = 'live'
const maxModels = 50
/** How long another process may take to notice a switch, milliseconds. */
const noticeMs = 1000

/** What was learned up to a moment, kept under a name. */
export interface ModelInfo {
  readonly name: string
  /** ISO 8601, UTC. */
  readonly savedAt: string
  /** The last fact that it learned from; null if there was none. */
  readonly until: string | null
  /** Observations are facts of the log read up to there. */
  readonly cursor: number
  /** Settings and version that it was learned under. */
  readonly learner: string
  readonly sizeBytes: number
}

export interface ModelList {
  /** The model that decides, recommends and predicts; `live` goes on learning. */
  readonly inUse: string
  readonly models: readonly ModelInfo[]
}

const documentOf = (store: Store, { scope }: Config) =>
  new KeptDocument<ModelList>(store, scope, 'models', { inUse: live, models: [] })
const rowOf = ({ name, savedAt }: ModelInfo) => `model/${name}/${savedAt}`

/** The parts of an open Tacit that are needed here. */
export interface Keeping {
  readonly store: Store
  readonly config: Config
  readonly synchroniser: Synchroniser
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Versions of what was learned, side by side, and the switch between them. The log knows nothing of it. */
export class Models {
  readonly #parts: Keeping
  readonly #document: KeptDocument<ModelList>
  #noticed: { readonly list: ModelList; readonly atMs: number } | null = null
  #built: {
    readonly model: ModelInfo
    readonly live: Learner
    readonly day: number
    readonly learner: Learner
  } | null = null

  constructor(parts: Keeping) {
    this.#parts = parts
    this.#document = documentOf(parts.store, parts.config)
  }

  list(): Promise<ModelList> {
    return this.#document.read()
  }

  /** Keeps what is learned now under `name`. @throws TacitError ALREADY_EXISTS, or INVALID_INPUT for the name `live`. */
  async save(name: string): Promise<ModelInfo> {
    const { synchroniser, store, config, now } = this.#parts
    if (name === live)
      throw new TacitError('INVALID_INPUT', 'models save: "live" names what goes on learning. Choose another name.')
    return synchroniser.exclusive(async () => {
      const bytes = (await synchroniser.current()).toBytes()
      const { lastAtUs } = await store.stats(config.scope)
      const model: ModelInfo = {
        name,
        savedAt: new Date(now()).toISOString(),
        until: lastAtUs === null ? null : new Date(lastAtUs / 1000).toISOString(),
        cursor: synchroniser.cursor,
        learner: Learner.nameFor(config),
        sizeBytes: bytes.byteLength,
      }
      assertRoom(await this.#document.read(), name)
      await store.dropSnapshot(config.scope, rowOf(model))
      await store.saveSnapshot(config.scope, rowOf(model), {
        cursor: model.cursor,
        position: { recordedAtUs: 0, id: '' },
        bytes,
      })
      await this.#document.change(list => {
        assertRoom(list, name)
        return { ...list, models: [...list.models, model] }
      })
      return model
    })
  }

  /**
   * Lets `name` decide, recommend and predict from now on, or what goes on learning (`live`). Learning itself goes on either way.
   * @throws TacitError NOT_FOUND; INVALID_INPUT if it was learned under other settings.
   */
  async use(name: string): Promise<ModelList> {
    const { config, synchroniser } = this.#parts
    return synchroniser.exclusive(async () => {
      const list = await this.#document.change(list => {
        if (name !== live) assertUsable(found(list, name), config)
        return { ...list, inUse: name }
      })
      this.#noticed = null
      return list
    })
  }

  /** Forgets a model. @throws TacitError NOT_FOUND; INVALID_INPUT while it is in use. */
  async drop(name: string): Promise<ModelList> {
    const { store, config } = this.#parts
    let dropped: ModelInfo | undefined
    const list = await this.#document.change(list => {
      dropped = found(list, name)
      if (list.inUse === name) {
        throw new TacitError('INVALID_INPUT', `models drop: ${name} is in use. Run "tacit models use live" first.`)
      }
      return { ...list, models: list.models.filter(model => model.name !== name) }
    })
    await store.dropSnapshot(config.scope, rowOf(dropped!))
    return list
  }

  /** The learner that has the say: `live` itself, or the model in use, aged to `day`. To be called inside `exclusive`. */
  async inUse(current: Learner, day: number): Promise<Learner> {
    const { inUse, models } = await this.#list()
    const model = models.find(({ name }) => name === inUse)
    if (model === undefined || model.learner !== Learner.nameFor(this.#parts.config)) return current
    const built = this.#built
    if (
      built?.model.savedAt === model.savedAt &&
      built.model.name === inUse &&
      built.live === current &&
      built.day === day
    ) {
      return built.learner
    }
    const { store, config } = this.#parts
    const kept = await store.loadSnapshot(config.scope, rowOf(model))
    if (kept === null) return current
    const learner = new Learner(config, kept.bytes, { learner: current, name: inUse })
    this.#built = { model, live: current, day, learner: learner.asOf(day, Number.MAX_SAFE_INTEGER) }
    return this.#built.learner
  }

  /** As read a moment ago: other processes may switch, and not every choice need ask. */
  async #list(): Promise<ModelList> {
    const atMs = performance.now()
    if (this.#noticed === null || atMs - this.#noticed.atMs > noticeMs) {
      this.#noticed = { list: await this.#document.read(), atMs }
    }
    return this.#noticed.list
  }
}

function found({ models }: ModelList, name: string): ModelInfo {
  const model = models.find(model => model.name === name)
  if (model !== undefined) return model
  const names = [live, ...models.map(({ name }) => name)].join(', ')
  throw new TacitError('NOT_FOUND', `There is no model ${JSON.stringify(name)}. There are: ${names}.`)
}

function assertRoom({ models }: ModelList, name: string): void {
  if (models.some(model => model.name === name)) {
    throw new TacitError(
      'ALREADY_EXISTS',
      `models save: there is a model ${JSON.stringify(name)} already. Drop it, or choose another name.`,
    )
  }
  if (models.length >= maxModels) {
    throw new TacitError('INVALID_INPUT', `models save: ${maxModels} models are kept already. Drop one first.`)
  }
}

function assertUsable(model: ModelInfo, config: Config): void {
  if (model.learner === Learner.nameFor(config)) return
  throw new TacitError(
    'INVALID_INPUT',
    `models use: ${model.name} was learned under other settings (policy, half-life, utility, budget) or by another version. Set them as they were, or save a new model.`,
  )
}
