import type { Client } from 'pg'
import type { Database } from './database.ts'

const selectChanges = { name: 'tacit_changes', text: 'SELECT changes FROM scope WHERE scope = $1' }
const sendNotice = { text: 'SELECT pg_notify($1, scope) FROM unnest($2::text[]) AS changed (scope)' }
const channel = 'tacit_fact'

/** Notices are hints, gathered for this long; a subscriber looks for itself at this interval as well. */
const gatherMs = 20
const lookAgainMs = 5_000
/** Wait before a broken connection for notices is replaced. */
const listenAgainMs = 1_000
/** Scopes of which one handle remembers how much of them it has written; a forgotten one counts as changed. */
const maxScopes = 10_000

/** What this handle changed in one scope. */
interface Own {
  count: number
  /** Changes on their way. */
  inFlight: number
  /** Grows with every change that begins or ends. */
  version: number
}

/** How many changes others had made when somebody last looked; null: not known. */
interface Mark {
  others: number | null
}

interface Subscription {
  readonly scope: string
  readonly mark: Mark
  readonly listener: () => void
}

/**
 * What others change. A scope counts the facts that were added and removed; less what this handle did itself, that is
 * what others did. Notices by NOTIFY are sent after the commit and not in its transaction, where they would let only one
 * commit pass at a time in the whole database; one that gets lost is made good by looking.
 */
export class Changes {
  readonly #database: Database
  readonly #own = new Map<string, Own>()
  readonly #marks = new Map<string, Mark>()
  readonly #subscriptions = new Set<Subscription>()
  readonly #toNotify = new Set<string>()
  #notifyTimer: NodeJS.Timeout | null = null
  #listening: Promise<void> | null = null
  #client: Client | null = null
  #lookTimer: NodeJS.Timeout | null = null
  #isOpen = true

  constructor(database: Database) {
    this.#database = database
  }

  /** To be told before a change, and after it how many facts were added or removed; null: not known. */
  changing(scope: string): void {
    const own = this.#ownOf(scope)
    own.inFlight += 1
    own.version += 1
  }

  changed(scope: string, facts: number | null): void {
    const own = this.#ownOf(scope)
    own.inFlight -= 1
    own.version += 1
    own.count += facts ?? 0
    if (facts === null) {
      for (const mark of this.#marksOf(scope)) mark.others = null
    }
    if (facts !== 0) this.#notify(scope)
  }

  /** Whether facts of others may have come since the last call; asked for the first time: whether there are any. */
  async changedByOthers(scope: string): Promise<boolean> {
    return this.#isChanged(
      scope,
      remembered(this.#marks, scope, () => ({ others: 0 })),
    )
  }

  /** Calls `listener` soon after others added facts to `scope`; the answer ends that. */
  async subscribe(scope: string, listener: () => void): Promise<() => Promise<void>> {
    const subscription = { scope, listener, mark: { others: null } }
    await this.#isChanged(scope, subscription.mark)
    this.#subscriptions.add(subscription)
    const end = async () => {
      this.#subscriptions.delete(subscription)
      if (this.#subscriptions.size === 0) await this.#stopListening()
    }
    this.#listening ??= this.#listen()
    try {
      await this.#listening
    } catch (error) {
      await end()
      throw error
    }
    return end
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#subscriptions.clear()
    if (this.#notifyTimer !== null) await this.#sendNotices()
    await this.#stopListening()
  }

  async #isChanged(scope: string, mark: Mark): Promise<boolean> {
    const own = this.#ownOf(scope)
    const { version, inFlight, count } = own
    const [row] = await this.#database.query(selectChanges, scope)
    // All that we had counted before asking is in the answer: others did this much at most, and it never gets less.
    const others = Number(row?.changes ?? 0) - count
    if (others === mark.others) return false
    // A change of our own on its way may be counted or not; the mark stays, so that it will be clear the next time.
    if (inFlight === 0 && own.version === version) mark.others = others
    return true
  }

  #ownOf(scope: string): Own {
    return remembered(this.#own, scope, () => ({ count: 0, inFlight: 0, version: 0 }))
  }

  #marksOf(scope: string): Mark[] {
    const mark = this.#marks.get(scope)
    const subscribed = [...this.#subscriptions].filter(subscription => subscription.scope === scope)
    return [...(mark === undefined ? [] : [mark]), ...subscribed.map(subscription => subscription.mark)]
  }

  // ---- notices -------------------------------------------------------------------------------------------------------

  #notify(scope: string): void {
    this.#toNotify.add(scope)
    this.#notifyTimer ??= setTimeout(() => void this.#sendNotices(), gatherMs).unref()
  }

  async #sendNotices(): Promise<void> {
    if (this.#notifyTimer !== null) clearTimeout(this.#notifyTimer)
    this.#notifyTimer = null
    const scopes = [...this.#toNotify]
    this.#toNotify.clear()
    await settled(this.#database.once(sendNotice, channel, scopes))
  }

  async #listen(): Promise<void> {
    const client = await this.#database.dedicated()
    this.#client = client
    client.on('notification', ({ payload }) => this.#look(payload))
    client.once('end', () => {
      if (this.#client !== client) return
      this.#client = null
      this.#listenAgain()
    })
    await client.query(`LISTEN ${channel}`)
    // The driver's types leave it out.
    ;(client as Client & { unref(): void }).unref()
    this.#lookTimer ??= setInterval(() => this.#look(), lookAgainMs).unref()
  }

  /** After the connection broke: a new one, as often as it takes, and a look at what came meanwhile. */
  #listenAgain(): void {
    const again = () => {
      if (!this.#isOpen || this.#subscriptions.size === 0 || this.#client !== null) return
      this.#listening = this.#listen()
      this.#listening.then(
        () => this.#look(),
        () => this.#listenAgain(),
      )
    }
    setTimeout(again, listenAgainMs).unref()
  }

  /** Looks whether the subscribed scopes, or only `scope`, have changed. */
  #look(scope?: string): void {
    for (const subscription of this.#subscriptions) {
      if (scope !== undefined && subscription.scope !== scope) continue
      void this.#isChanged(subscription.scope, subscription.mark).then(
        isChanged => {
          if (isChanged && this.#subscriptions.has(subscription)) subscription.listener()
        },
        () => {
          // The database is away: whatever happens meanwhile counts as a change.
          subscription.mark.others = null
        },
      )
    }
  }

  async #stopListening(): Promise<void> {
    if (this.#lookTimer !== null) clearInterval(this.#lookTimer)
    this.#lookTimer = null
    const client = this.#client
    this.#client = null
    this.#listening = null
    if (client !== null) await settled(client.end())
  }
}

/** A notice or a farewell that fails does no harm. */
async function settled(action: Promise<unknown>): Promise<void> {
  await action.then(
    () => undefined,
    () => undefined,
  )
}

/** The entry of `key`, made if it is not there; the oldest one makes room for it. */
function remembered<V>(map: Map<string, V>, key: string, make: () => V): V {
  const held = map.get(key)
  if (held !== undefined) return held
  if (map.size >= maxScopes) map.delete(map.keys().next().value!)
  const made = make()
  map.set(key, made)
  return made
}
