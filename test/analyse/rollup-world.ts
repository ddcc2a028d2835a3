import fc from 'fast-check'
import type { CellFacets, Dimension } from '../../src/analyse/rollup/dimensions.ts'
import { executionRollup } from '../../src/analyse/rollup/fold.ts'
import { periods } from '../../src/analyse/rollup/periods.ts'
import type { ArmSpec, Fact } from '../../src/records.ts'
import type { FactDraft, Store } from '../../src/store/store.ts'
import { collect } from '../helpers/collect.ts'
import { decisionFact, feedbackFact, outcomeFact, recorded, stepFact } from '../helpers/facts.ts'

/**
 * Facts in every order that may occur: outcomes before their decision, corrections that lose against an earlier one,
 * arms that were not the chosen ones, facets that change, ratings, imports; and moments around the turn of a month.
 */
const startUs = Date.UTC(2026, 0, 30, 22) * 1000
const minuteUs = 60_000_000
const executions = Array.from({ length: 9 }, (_, i) => `e${i}`)

const facets = fc.constantFrom<CellFacets | undefined>(
  undefined,
  {},
  { agent: 'a', tier: 'small', pool: 'p' },
  { agent: 'a', tier: 'large' },
  { team: ['a', 'b'], strategy: 'x', model: 'm' },
)
const arm = fc
  .tuple(fc.constantFrom('one', 'two', 'three'), facets)
  .map(([id, stated]): ArmSpec => (stated === undefined ? { id } : { id, facets: stated }))
const atUs = fc.oneof(
  fc.nat(6 * 24 * 60).map(minutes => startUs + minutes * minuteUs),
  fc.nat(3 * 3600).map(seconds => startUs + seconds * 1_000_000 + 1),
)
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null })
const execution = fc.constantFrom(...executions)

const decision = fc
  .record({ id: execution, arm, other: arm, atUs, type: maybe(fc.constantFrom('bug', 'docs')), repository: fc.nat(2) })
  .map(({ id, arm: chosen, other, atUs: at, type, repository }) =>
    decisionFact(id, {
      atUs: at,
      body: {
        taskType: type,
        arm: chosen.id,
        arms: other.id === chosen.id ? [chosen] : [other, chosen],
        context: repository === 0 ? {} : { repository: `r${repository}` },
      },
    }),
  )
const outcome = fc
  .record({
    of: execution,
    n: fc.nat(3),
    success: maybe(fc.boolean()),
    quality: maybe(fc.constantFrom(0, 1 / 3, 0.5, 1)),
    durationMs: maybe(fc.oneof(fc.constantFrom(0, 0.0004, 1250), fc.double({ min: 0, max: 1e7, noNaN: true }))),
    costMicroUsd: maybe(fc.oneof(fc.nat(5_000_000), fc.constant(999_999_999_999_999))),
    used: maybe(arm),
    recordedAtUs: maybe(fc.integer({ min: 1, max: 5 })),
  })
  .map(({ of, n, used, recordedAtUs, ...body }) => {
    const draft = outcomeFact(of, { id: `${of}/o${n}`, body: { ...body, arm: used } })
    return recordedAtUs === null ? draft : recorded(draft, recordedAtUs)
  })
const feedback = fc
  .record({ of: execution, n: fc.nat(3), value01: fc.constantFrom(0, 0.1, 1 / 3, 1) })
  .map(({ of, n, value01 }) => feedbackFact(of, { id: `${of}/f${n}`, body: { value: value01, value01 } }))
const step = fc.record({ of: execution, n: fc.nat(2) }).map(({ of, n }) => stepFact(of, { id: `${of}/s${n}` }))

/** Something that happens to a store: facts come, or so many of those that wait are folded. */
export type Happening = { readonly facts: FactDraft[] } | { readonly fold: number }
const draft = fc.oneof({ weight: 3, arbitrary: decision }, { weight: 4, arbitrary: outcome }, feedback, step)
export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.array(draft as fc.Arbitrary<FactDraft>, { minLength: 1, maxLength: 4 }).map(facts => ({ facts })),
    },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 12 }).map(fold => ({ fold })) },
  ),
  { minLength: 5, maxLength: 40 },
)

/** Windows of any length and place, with and without ends. */
export const windows = fc
  .tuple(maybe(atUs), maybe(atUs))
  .map(([a, b]) => ({ fromUs: a ?? 0, toUs: b ?? Number.POSITIVE_INFINITY }))
  .filter(({ fromUs, toUs }) => fromUs < toUs)

/** One execution as its facts tell it, put together here by other means than the rollup's. */
export interface Told {
  readonly names: Readonly<Record<Dimension, unknown>>
  readonly atUs: number
  readonly success: boolean | null
  readonly durationMs: number | null
  readonly costUsd: number | null
  readonly quality: number | null
  readonly ratings: readonly number[]
  readonly hasOutcome: boolean
}

/** Every execution of a scope that was decided, read from the whole log. */
export async function toldBy(store: Store, scope: string): Promise<Told[]> {
  const facts = (await store.log(scope, null, 100_000)).map(logged => logged.fact)
  return executions.flatMap(id => {
    const own = facts.filter(fact => fact.executionId === id)
    const decided = own.find(fact => fact.kind === 'decision')
    return decided?.kind === 'decision' ? [tell(decided, own)] : []
  })
}

function tell(decided: Extract<Fact, { kind: 'decision' }>, own: readonly Fact[]): Told {
  const last = own.filter(fact => fact.kind === 'outcome').at(-1)
  const { taskType, context, arms, arm: chosen } = decided.body
  const used = last?.body.arm?.id ?? chosen
  const stated: CellFacets = last?.body.arm?.facets ?? arms.find(({ id }) => id === used)?.facets ?? {}
  const iso = new Date(decided.atUs / 1000).toISOString()
  const isStated = Object.keys(stated).length > 0
  const { agent = null, team = null, model = null, tier = null, pool = null, topology = null, strategy = null } = stated
  return {
    names: {
      arm: used,
      taskType,
      repository: context.repository ?? null,
      agent: isStated ? agent : used,
      team,
      model,
      tier,
      pool,
      topology,
      strategy,
      hour: `${iso.slice(0, 13)}:00Z`,
      day: iso.slice(0, 10),
      month: iso.slice(0, 7),
    },
    atUs: decided.atUs,
    success: last?.body.success ?? null,
    durationMs: last?.body.durationMs ?? null,
    costUsd: last?.body.costMicroUsd == null ? null : last.body.costMicroUsd / 1e6,
    quality: last?.body.quality ?? null,
    ratings: own.flatMap(fact => (fact.kind === 'feedback' ? [fact.body.value01] : [])),
    hasOutcome: last !== undefined,
  }
}

/** All cells of the rollup, of every period. */
export async function cellsOf(store: Store, scope: string) {
  const spans = periods.map(period => ({ period, fromUs: 0, toUs: Number.POSITIVE_INFINITY }))
  const cells = await Promise.all(spans.map(span => collect(store.rollups.scan(scope, executionRollup, span))))
  return cells.flat()
}
