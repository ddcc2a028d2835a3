import { TacitError } from '../../errors.ts'
import type { RollupRange } from '../../store/rollups.ts'
import type { Store } from '../../store/store.ts'
import { Cell } from './cell.ts'
import { contributionOf } from './contribution.ts'
import { encodeKey } from './dimensions.ts'
import { executionRollup } from './fold.ts'
import { cover, type Period, startOf } from './periods.ts'
import { decidedWithin } from './query.ts'

const dayUs = 86_400_000_000
const maxAttempts = 3

/** A cell that does not hold what the log gives. */
export interface WrongCell {
  readonly period: string
  readonly startUs: number
  readonly key: string
  readonly is: 'missing' | 'unfounded' | 'different'
}

/**
 * Compares every cell of the rollup with what the log gives when it is summed up anew, day by day; writes nothing. Null
 * where facts were pruned: the log cannot tell then.
 * @throws TacitError STORE_BUSY if others keep folding meanwhile.
 */
export async function wrongCells(store: Store, scope: string): Promise<WrongCell[] | null> {
  if (((await store.prunedUpTo(scope)) ?? 0) > 0) return null
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const cursor = await store.rollups.cursor(scope, executionRollup)
    const wrong = await new Comparison(store, scope, cursor).run()
    if ((await store.rollups.cursor(scope, executionRollup)) === cursor) return wrong
  }
  throw new TacitError('STORE_BUSY', `The rollups of ${scope} were folded on while they were compared. Try again.`)
}

class Comparison {
  readonly #store: Store
  readonly #scope: string
  readonly #cursor: number
  readonly #wrong: WrongCell[] = []

  constructor(store: Store, scope: string, cursor: number) {
    this.#store = store
    this.#scope = scope
    this.#cursor = cursor
  }

  async run(): Promise<WrongCell[]> {
    const all = new Map<string, Cell>()
    for (const monthUs of await this.#months()) {
      const month = new Map<string, Cell>()
      for (const day of cover({ fromUs: monthUs, toUs: nextMonth(monthUs) }, 'day').spans) {
        for (let startUs = day.fromUs; startUs < day.toUs; startUs += dayUs) await this.#day(startUs, month)
      }
      await this.#compare('month', { fromUs: monthUs, toUs: nextMonth(monthUs) }, places(month, monthUs))
      for (const [key, cell] of month) cellIn(all, key).mergeEncoded(cell.encode())
    }
    await this.#compare('all', { fromUs: 0, toUs: Number.POSITIVE_INFINITY }, places(all, 0))
    return this.#wrong
  }

  /** The months in which something was decided or counted. */
  async #months(): Promise<number[]> {
    const months = new Set<number>()
    for (const period of ['hour', 'day', 'month'] as const) {
      for await (const { startUs } of this.#cells(period, 0, Number.POSITIVE_INFINITY)) {
        months.add(startOf('month', startUs))
      }
    }
    const { firstAtUs, lastAtUs } = await this.#store.stats(this.#scope)
    if (firstAtUs === null || lastAtUs === null) return [...months]
    for (let us = startOf('month', firstAtUs); us <= lastAtUs; us = nextMonth(us)) months.add(us)
    return [...months].sort((a, b) => a - b)
  }

  /** Compares the cells of one day and of its hours, and adds them up into `month`. */
  async #day(startUs: number, month: Map<string, Cell>): Promise<void> {
    const day = new Map<string, Cell>()
    const hours = new Map<string, Cell>()
    const span = { fromUs: startUs, toUs: startUs + dayUs }
    for await (const ids of decidedWithin(this.#store, this.#scope, span)) {
      for (const facts of (await this.#store.facts(this.#scope, ids, this.#cursor)).values()) {
        const contribution = contributionOf(facts)
        if (contribution === null) continue
        const key = encodeKey(contribution.key)
        cellIn(month, key).add(contribution.measures, 1)
        cellIn(day, key).add(contribution.measures, 1)
        cellIn(hours, placeOf(startOf('hour', contribution.atUs), key)).add(contribution.measures, 1)
      }
    }
    await this.#compare('hour', span, hours)
    await this.#compare('day', span, places(day, startUs))
  }

  async #compare(period: Period, { fromUs, toUs }: Omit<RollupRange, 'period'>, expected: Map<string, Cell>) {
    for await (const { startUs, key, value } of this.#cells(period, fromUs, toUs)) {
      const place = placeOf(startUs, key)
      const cell = expected.get(place)
      if (cell === undefined) this.#wrong.push({ period, startUs, key, is: 'unfounded' })
      else if (cell.encode() !== value) this.#wrong.push({ period, startUs, key, is: 'different' })
      expected.delete(place)
    }
    for (const place of expected.keys()) {
      const [startUs, key] = [Number.parseInt(place, 10), place.slice(place.indexOf(' ') + 1)]
      this.#wrong.push({ period, startUs, key, is: 'missing' })
    }
  }

  #cells(period: Period, fromUs: number, toUs: number) {
    return this.#store.rollups.scan(this.#scope, executionRollup, { period, fromUs, toUs })
  }
}

const placeOf = (startUs: number, key: string) => `${startUs} ${key}`

const places = (cells: ReadonlyMap<string, Cell>, startUs: number) =>
  new Map([...cells].map(([key, cell]) => [placeOf(startUs, key), cell]))

function cellIn(cells: Map<string, Cell>, key: string): Cell {
  const cell = cells.get(key) ?? new Cell()
  cells.set(key, cell)
  return cell
}

/** The start of the month after the one that starts at `us`. */
const nextMonth = (us: number) => startOf('month', us + 32 * dayUs)
