import { inverse, multiply } from '../math/linear.ts'
import type { Facets } from '../records.ts'
import type { StateRecord } from './state.ts'

/** Observations of its own after which an arm no longer leans on its relatives. */
const enough = 8
/** A task type's own mean is drawn to the arm's overall mean as if it had been seen this often. */
const drawn = 4
/** Arms with fewer observations tell nothing about their relatives. */
const leastEvidence = 0.5
/** Relatives considered at most, those with the most evidence first. */
const maxRelatives = 64
/** Variance of one reward around its arm's mean, as the default policy assumes it. */
const noise = 0.15
/** Variance between arms, and the share of it that facets explain: every pair is tried and weighed by how it predicts. */
const spreads = [0.002, 0.01, 0.04] as const
const shares = [0, 0.3, 0.6, 0.9] as const
/** Weight of a pair of team members, beside 1 for each member. */
const pairWeight = 0.5

export interface Relative {
  readonly arm: string
  readonly facets: Facets
}

interface Cell {
  n: number
  s: number
}

/**
 * What arms that share facets with an arm say about it: arm = mean + facet effects + its own, Gaussian. A team's facets
 * are its members and their pairs, so a new team starts from what its members achieved, alone and in other teams. How
 * much facets matter is not assumed: variances are averaged over a grid, weighed by how well each forecasts every arm
 * from the others (leave-one-out pseudo-likelihood, Rasmussen & Williams 2006, §5.4.2), and one of them says "nothing".
 */
export class FacetStatistics {
  readonly #halfLifeDays: number | null
  readonly #cells: Map<string, Cell>
  readonly #facets: Map<string, Facets>
  #day: number

  constructor(halfLifeDays: number | null, state?: StateRecord) {
    const { keys = [], n = [], s = [], arms = [], facets = [], day = 0 } = state ?? {}
    this.#halfLifeDays = halfLifeDays
    this.#cells = new Map((keys as string[]).map((key, i) => [key, { n: (n as number[])[i]!, s: (s as number[])[i]! }]))
    this.#facets = new Map((arms as string[]).map((arm, i) => [arm, (facets as unknown as Facets[])[i]!]))
    this.#day = day as number
  }

  /** True until an arm with facets was observed. */
  get isEmpty(): boolean {
    return this.#facets.size === 0
  }

  advance(day: number): void {
    const days = Math.floor(day) - this.#day
    if (days <= 0) return
    for (const cell of this.#cells.values()) {
      cell.n *= this.#fade(days)
      cell.s *= this.#fade(days)
    }
    this.#day += days
  }

  /** Adds (1) or takes out (-1) one reward of an arm with facets. */
  add({ arm, facets }: Relative, category: string | null, day: number, reward: number, by: 1 | -1): void {
    this.advance(day)
    this.#facets.set(arm, facets)
    const weight = by * this.#fade(this.#day - Math.floor(day))
    for (const key of [keyOf(arm, null), ...(category === null ? [] : [keyOf(arm, category)])]) {
      const cell = this.#cells.get(key) ?? { n: 0, s: 0 }
      const n = Math.max(0, cell.n + weight)
      this.#cells.set(key, n < 1e-9 ? { n: 0, s: 0 } : { n, s: cell.s + weight * reward })
    }
  }

  /**
   * How far each arm's value is expected from the mean of all arms with facets, judged by its relatives alone, and faded
   * out linearly by its own observations: 0 from 8 on, and for arms without facets. Changes nothing.
   */
  shifts(arms: readonly { readonly id: string; readonly facets?: Facets }[], category: string | null): Float64Array {
    const shifts = new Float64Array(arms.length)
    const ownShares = arms.map(({ id, facets }) =>
      facets === undefined ? 0 : Math.max(0, 1 - (this.#cells.get(keyOf(id, null))?.n ?? 0) / enough),
    )
    if (this.isEmpty || ownShares.every(share => share === 0)) return shifts
    const known = this.#known(category)
    if (known.length < 2) return shifts
    const leaning = arms.flatMap(({ id, facets }, place) =>
      ownShares[place]! > 0 ? [{ place, id, tokens: tokensOf(id, facets!) }] : [],
    )
    for (const { weight, expect } of weighed(known)) {
      for (const { place, id, tokens } of leaning) shifts[place]! += weight * expect(id, tokens)
    }
    return shifts.map((shift, i) => shift * ownShares[i]!)
  }

  toState(): StateRecord {
    return {
      keys: [...this.#cells.keys()],
      n: [...this.#cells.values()].map(({ n }) => n),
      s: [...this.#cells.values()].map(({ s }) => s),
      arms: [...this.#facets.keys()],
      facets: [...this.#facets.values()] as unknown as StateRecord[],
      day: this.#day,
    }
  }

  /** The arms with evidence, as seen from a task type: mean and how many observations it is worth. */
  #known(category: string | null): Known[] {
    const known = [...this.#facets].flatMap(([arm, facets]): Known[] => {
      const all = this.#cells.get(keyOf(arm, null))
      if (all === undefined || all.n < leastEvidence) return []
      const here = (category === null ? undefined : this.#cells.get(keyOf(arm, category))) ?? { n: 0, s: 0 }
      const borrowed = Math.min(drawn, Math.max(0, all.n - here.n))
      const n = category === null ? all.n : here.n + borrowed
      const mean = category === null ? all.s / all.n : (here.s + (borrowed * all.s) / all.n) / n
      return [{ arm, tokens: tokensOf(arm, facets), mean, n }]
    })
    return known.sort((a, b) => b.n - a.n || (a.arm < b.arm ? -1 : 1)).slice(0, maxRelatives)
  }

  #fade(days: number): number {
    return this.#halfLifeDays === null ? 1 : 2 ** (-days / this.#halfLifeDays)
  }
}

type Tokens = ReadonlyMap<string, number>
interface Known {
  readonly arm: string
  readonly tokens: Tokens
  readonly mean: number
  readonly n: number
}

/** Each pair of variances with its weight, and the deviation from the mean that it expects of an arm from the others. */
function weighed(known: readonly Known[]) {
  const size = known.length
  const place = new Map(known.map(({ arm }, i) => [arm, i]))
  const similarity = known.map(a => known.map(b => similarityOf(a.tokens, b.tokens)))
  const models = spreads.flatMap(spread =>
    shares.map(share => {
      const covariance = new Float64Array(size * size)
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) covariance[i * size + j] = spread * share * similarity[i]![j]!
        covariance[i * size + i] = spread + noise / known[i]!.n
      }
      const precision = inverse(covariance, size)
      const ones = multiply(precision, new Float64Array(size).fill(1), size)
      const mean = known.reduce((sum, { mean }, i) => sum + ones[i]! * mean, 0) / ones.reduce((sum, one) => sum + one)
      const residual = multiply(
        precision,
        Float64Array.from(known, arm => arm.mean - mean),
        size,
      )
      const leftOut = known.map((_, i) => residual[i]! / precision[i * size + i]!)
      const logLikelihood = leftOut.reduce((sum, error, i) => {
        const own = precision[i * size + i]!
        return sum + 0.5 * Math.log(own) - 0.5 * error * error * own
      }, 0)
      const expect = (arm: string, tokens: Tokens) => {
        if (share === 0) return 0
        const own = place.get(arm)
        if (own !== undefined) return known[own]!.mean - leftOut[own]! - mean
        return known.reduce((sum, b, i) => sum + spread * share * similarityOf(tokens, b.tokens) * residual[i]!, 0)
      }
      return { logLikelihood, expect }
    }),
  )
  const best = Math.max(...models.map(({ logLikelihood }) => logLikelihood))
  const weights = models.map(({ logLikelihood }) => Math.exp(logLikelihood - best))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return models.map(({ expect }, i) => ({ weight: weights[i]! / total, expect }))
}

/** Facets as weighted tokens of length 1: members and pairs of a team, and every other facet that relates arms. */
function tokensOf(arm: string, facets: Facets): Tokens {
  const { agent, team = agent === undefined ? [] : [agent], model, tier, pool, strategy } = facets
  const scalars = Object.entries({ model, tier, pool, strategy }).filter(([, value]) => value !== undefined)
  const pairs = team.flatMap((a, i) => team.slice(i + 1).map(b => JSON.stringify([a, b])))
  const weights: [string, number][] = [
    ...scalars.map(([name, value]): [string, number] => [`${name} ${value}`, 1]),
    ...team.map((member): [string, number] => [`agent ${member}`, 1]),
    ...pairs.map((pair): [string, number] => [`pair ${pair}`, pairWeight]),
  ]
  if (weights.length === 0) return new Map([[`arm ${arm}`, 1]])
  const length = Math.hypot(...weights.map(([, weight]) => weight))
  return new Map(weights.map(([token, weight]) => [token, weight / length]))
}

function similarityOf(a: Tokens, b: Tokens): number {
  let sum = 0
  for (const [token, weight] of a) sum += weight * (b.get(token) ?? 0)
  return sum
}

const keyOf = (arm: string, category: string | null) => JSON.stringify(category === null ? [arm] : [arm, category])
