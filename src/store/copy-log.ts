import { isDeepStrictEqual } from 'node:util'
import { TacitError } from '../errors.ts'
import type { PlacedPruned, StoreAdmin } from './admin.ts'
import type { LoggedFact, Store } from './store.ts'

const pageLength = 1000

/** A database with both its sides open. */
export interface Opened {
  readonly store: Store
  readonly admin: StoreAdmin
}

/** Something that stands at a place in the order of arrival of its own database. */
export interface Mark {
  readonly key: string
  readonly cursor: number
}

export interface CopiedLog {
  /** The last place in the source that was copied. */
  readonly last: number
  /** By the key of each mark: where what had arrived up to it ends in the target. */
  readonly places: ReadonlyMap<string, number>
}

/**
 * Copies the facts of a scope in their order of arrival, and between them what is remembered of those that were pruned.
 * What an earlier copy has brought is left as it is.
 * @throws TacitError ALREADY_EXISTS if the target holds other facts in the scope.
 */
export async function copyLog(
  from: Opened,
  to: Opened,
  scope: string,
  marks: readonly Mark[],
  step: (count: number) => void,
): Promise<CopiedLog> {
  const places = new Map<string, number>()
  const pruned = new PrunedReader(from.admin, scope)
  if (!(await pruned.isEmpty())) await assertEmpty(to, scope)
  let target = 0
  let last = 0
  for (;;) {
    const page = await from.store.tail(scope, last, pageLength)
    const isEnd = page.length < pageLength
    const until = isEnd ? Number.POSITIVE_INFINITY : page.at(-1)!.cursor
    const entries = [...page, ...(await pruned.takeUntil(until))].sort((a, b) => a.cursor - b.cursor)
    for (const run of runsOf(entries)) {
      const cursors = await copyRun(to, scope, run, target)
      for (const [index, { cursor }] of run.entries()) {
        for (const mark of marks) if (cursor <= mark.cursor) places.set(mark.key, cursors[index]!)
      }
      target = cursors.at(-1)!
    }
    last = entries.at(-1)?.cursor ?? last
    step(page.length)
    if (isEnd) break
  }
  const [further] = await to.store.tail(scope, target, 1)
  if (further !== undefined) throw otherFacts(scope, to.store.location, further)
  return { last, places }
}

type Entry = LoggedFact | PlacedPruned
const isFact = (entry: Entry): entry is LoggedFact => 'fact' in entry

/** Neighbours of one kind. */
function runsOf(entries: readonly Entry[]): Entry[][] {
  const runs: Entry[][] = []
  for (const entry of entries) {
    const run = runs.at(-1)
    if (run !== undefined && isFact(run[0]!) === isFact(entry)) run.push(entry)
    else runs.push([entry])
  }
  return runs
}

/** The places in the target of a run. */
function copyRun(to: Opened, scope: string, run: readonly Entry[], after: number): Promise<number[]> {
  const facts = run.filter(isFact)
  if (facts.length > 0) return copyFacts(to.store, scope, facts, after)
  return to.admin.keepPruned(
    scope,
    run.filter((entry): entry is PlacedPruned => !isFact(entry)),
  )
}

async function copyFacts(to: Store, scope: string, facts: readonly LoggedFact[], after: number): Promise<number[]> {
  const held = await to.tail(scope, after, facts.length)
  const other = held.find(({ fact }, index) => !isDeepStrictEqual(fact, facts[index]!.fact))
  if (other !== undefined) throw otherFacts(scope, to.location, other)
  const rest = facts.slice(held.length).map(({ fact }) => [fact])
  const appended = rest.length === 0 ? [] : await to.append(scope, rest)
  return [...held, ...appended.map(({ facts }) => facts[0])].map((logged, index) => {
    if (logged !== undefined) return logged.cursor
    throw mismatch(scope, to.location, `it did not take the fact ${facts[index]!.fact.id}`)
  })
}

/** What was pruned, page by page. */
class PrunedReader {
  readonly #admin: StoreAdmin
  readonly #scope: string
  #page: PlacedPruned[] = []
  #last = 0
  #isOver = false

  constructor(admin: StoreAdmin, scope: string) {
    this.#admin = admin
    this.#scope = scope
  }

  async isEmpty(): Promise<boolean> {
    await this.#fill()
    return this.#page.length === 0
  }

  async takeUntil(cursor: number): Promise<PlacedPruned[]> {
    const taken: PlacedPruned[] = []
    for (;;) {
      await this.#fill()
      const first = this.#page[0]
      if (first === undefined || first.cursor > cursor) return taken
      taken.push(this.#page.shift()!)
    }
  }

  async #fill(): Promise<void> {
    if (this.#page.length > 0 || this.#isOver) return
    this.#page = await this.#admin.pruned(this.#scope, this.#last, pageLength)
    this.#last = this.#page.at(-1)?.cursor ?? this.#last
    this.#isOver = this.#page.length === 0
  }
}

/** Only a whole copy keeps the order of facts and of what was pruned between them. */
async function assertEmpty({ store, admin }: Opened, scope: string): Promise<void> {
  const [fact] = await store.tail(scope, 0, 1)
  const [pruned] = await admin.pruned(scope, 0, 1)
  if (fact === undefined && pruned === undefined) return
  throw new TacitError(
    'ALREADY_EXISTS',
    `The scope ${scope} of ${store.location} holds facts already. What is copied was pruned, and such a copy begins in an ` +
      'empty scope: copy into another database, or reset this one.',
    { details: { scope, location: store.location } },
  )
}

/** What an earlier copy has brought may be there already; with anything else in the scope it would be mixed. */
function otherFacts(scope: string, location: string, { fact }: LoggedFact): TacitError {
  return new TacitError(
    'ALREADY_EXISTS',
    `The scope ${scope} of ${location} holds other facts already (${fact.id}). Copy into an empty scope, or merge with ` +
      '"tacit export" and "tacit import".',
    { details: { scope, location, id: fact.id } },
  )
}

export function mismatch(scope: string, location: string, what: string): TacitError {
  return new TacitError(
    'COPY_MISMATCH',
    `The copy of scope ${scope} in ${location} is not whole: ${what}. Something else writes to it; stop that, remove the ` +
      'copy, and copy again.',
    { details: { scope, location } },
  )
}
