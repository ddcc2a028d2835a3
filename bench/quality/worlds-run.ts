import { optimum, uniformUtility, type World } from '../../src/demo/worlds/world.ts'
import { openTacit } from '../../src/index.ts'
import type { Experience, Policy } from '../../src/learn/policy/policy.ts'
import { hash53 } from '../../src/math/hash.ts'
import { drawIndex, seedRng } from '../../src/math/rng.ts'

/** What one policy did in one world, round by round; utilities are expected ones, so luck of the outcome is left out. */
export interface WorldRun {
  readonly chosen: Int32Array
  /** Utility of the optimum minus that of the chosen arm. */
  readonly regret: Float64Array
  readonly utility: Float64Array
  /** What a uniform choice earns in the same round. */
  readonly uniform: Float64Array
  /** Outcomes of the chosen arm against the mean outcome of all arms: what the negative control looks at. */
  readonly gain: Float64Array
  readonly coverage: readonly Coverage[]
}

/** How many 95 % intervals of (arm, task type) held the true utility, after so many rounds. */
export interface Coverage {
  readonly round: number
  readonly intervals: number
  readonly holding: number
  /** Of these, arms with fewer than ten observations on the task type. */
  readonly fewIntervals: number
  readonly fewHolding: number
}

const dayMs = 86_400_000
/** Any day will do; that it is the same for all makes runs repeatable. */
const firstDay = 20_000
const joinDeadlineDays = 1
const normal95 = 1.959963984540054
const few = 10

/**
 * Drives a policy of src/learn directly, in the way the engine does: age, choose, draw by decision id, in flight until
 * the outcome or the deadline, learn on the day of the decision. Outcomes that go missing are never learned.
 */
export function runDirect(world: World, policy: Policy, seed: string): WorldRun {
  const recording = record(world)
  const deadline = Math.ceil(joinDeadlineDays * world.tasksPerDay)
  const ends = new Queue()
  const outcomes = new Queue()
  for (let round = 0; round < world.rounds; round++) {
    ends.runUntil(round)
    outcomes.runUntil(round)
    const day = dayOf(world, round)
    const { text, kind } = world.task(round)
    const category = world.taskTypes[kind]!
    const eligible = world.eligible(round)
    policy.advance(day)
    recording.checkpoint(round, policy)
    const situation = { arms: eligible.map(arm => world.arms[arm]!), category, task: identityOf(category, text), day }
    const { probabilities } = policy.choose(situation)
    const arm = eligible[drawIndex(seedRng(`${seed}:${decisionId(world, round)}`), probabilities)]!
    const { utility, isMissing } = recording.choose(round, arm)
    const name = world.arms[arm]!
    policy.begin(name, category)
    const experience: Experience = { arm: name, category, task: situation.task, day, reward: utility }
    const due = round + world.delay
    ends.add(Math.min(isMissing ? Number.MAX_SAFE_INTEGER : due, round + deadline), () => policy.end(name, category))
    if (!isMissing) outcomes.add(due, () => policy.learn(experience))
    // Without delay the outcome is there before the next decision.
    outcomes.runUntil(round)
    ends.runUntil(round)
  }
  policy.advance(dayOf(world, world.rounds))
  recording.checkpoint(world.rounds, policy)
  return recording.run
}

/** The same through the public API, on a clock of the world's own; outcomes come at once in the worlds this is used for. */
export async function runThroughApi(world: World, seed: string): Promise<WorldRun> {
  const recording = record(world)
  let round = 0
  const tacit = await openTacit({ db: ':memory:', seed, now: () => dayOf(world, round) * dayMs })
  try {
    for (; round < world.rounds; round++) {
      const { text, kind } = world.task(round)
      const taskType = world.taskTypes[kind]
      const arms = world.eligible(round).map(arm => world.arms[arm]!)
      const asked = { task: text, arms, decisionId: decisionId(world, round), ...(taskType && { taskType }) }
      const choice = await tacit.decide(asked)
      const { success } = recording.choose(round, world.arms.indexOf(choice.arm))
      await tacit.observe(choice.decisionId, { success })
    }
    return recording.run
  } finally {
    await tacit.close()
  }
}

function record(world: World) {
  const { rounds, arms } = world
  const chosen = new Int32Array(rounds)
  const [regret, utility, uniform, gain] = [0, 0, 0, 0].map(() => new Float64Array(rounds)) as FourArrays
  const past = arms.map(() => 0)
  const coverage: Coverage[] = []
  const checkpoints = new Set([rounds / 4, rounds / 2, rounds].map(Math.floor))
  return {
    run: { chosen, regret, utility, uniform, gain, coverage },
    choose(round: number, arm: number) {
      const before = [...past]
      const outcome = world.outcome(round, arm, before)
      chosen[round] = arm
      utility[round] = world.utility(round, arm, before)
      regret[round] = optimum(world, round, before).utility - utility[round]!
      uniform[round] = uniformUtility(world, round, before)
      const eligible = world.eligible(round)
      const all = eligible.reduce((sum, other) => sum + world.outcome(round, other, before).utility, 0)
      gain[round] = outcome.utility - all / eligible.length
      past[arm]!++
      return outcome
    },
    checkpoint(round: number, policy: Policy) {
      if (checkpoints.has(round) && world.isStationary) coverage.push(coverageOf(world, policy, round))
    },
  }
}

type FourArrays = [Float64Array, Float64Array, Float64Array, Float64Array]

/** Asks for a new task of each type, or for each task that recurs, and compares the 95 % intervals with the truth. */
function coverageOf(world: World, policy: Policy, round: number): Coverage {
  const eligible = world.eligible(Math.min(round, world.rounds - 1))
  const arms = eligible.map(arm => world.arms[arm]!)
  const counts = { intervals: 0, holding: 0, fewIntervals: 0, fewHolding: 0 }
  for (const example of examplesOf(world)) {
    const { text, kind } = world.task(example)
    const category = world.taskTypes[kind]!
    const asked = world.tasks === null ? 'a task never met' : text
    const choice = policy.choose({ arms, category, task: identityOf(category, asked), day: dayOf(world, round) })
    const seen = choice.levels.find(({ level }) => level === (category === null ? 'all' : 'taskType'))?.counts
    for (const [i, arm] of eligible.entries()) {
      const truth = world.utility(example, arm)
      const holds = Math.abs(choice.values[i]! - truth) <= normal95 * choice.deviations[i]!
      const isFew = (seen?.[i] ?? choice.nEff[i]!) < few
      counts.intervals++
      if (holds) counts.holding++
      if (isFew) counts.fewIntervals++
      if (isFew && holds) counts.fewHolding++
    }
  }
  return { round, ...counts }
}

/** A round for each thing that has a utility of its own: each task type, or each task where tasks recur. */
function examplesOf(world: World): Iterable<number> {
  const examples = new Map<number, number>()
  for (let round = 0; round < world.rounds; round++) {
    const { kind, identity } = world.task(round)
    const key = world.tasks === null ? kind : identity
    if (!examples.has(key)) examples.set(key, round)
  }
  return examples.values()
}

/** Work that is due at a round, in the order of the rounds. */
class Queue {
  readonly #work = new Map<number, (() => void)[]>()
  #next = 0

  add(round: number, work: () => void): void {
    this.#work.set(round, [...(this.#work.get(round) ?? []), work])
    this.#next = Math.min(this.#next, round)
  }

  runUntil(round: number): void {
    for (; this.#next <= round; this.#next++) {
      for (const work of this.#work.get(this.#next) ?? []) work()
      this.#work.delete(this.#next)
    }
  }
}

const dayOf = (world: World, round: number) => firstDay + round / world.tasksPerDay
const decisionId = (world: World, round: number) => `${world.name}-${round}`
/** As the engine names a task. */
const identityOf = (category: string | null, text: string) => hash53(`${category ?? ''}\u0000${text}`)
