import { integer, seedRng, shuffle } from '../../math/rng.ts'
import type { World } from './world.ts'

/**
 * The world with its outcomes dealt out anew: each round and arm gets the outcome of another round and arm, so that no
 * arm is better than another and every gain that is found here is a mistake of whoever found it.
 */
export function shuffled(world: World, seed: string): World {
  const rounds = shuffle(seedRng(`${seed}/shuffled/rounds`), [...Array(world.rounds).keys()])
  const source = (round: number, arm: number) => {
    const from = rounds[round]!
    const arms = world.eligible(from)
    // Arms of one round keep apart: a rotation by a drawn distance gives each another arm's outcome.
    const turn = integer(seedRng(`${seed}/shuffled/${round}`), arms.length)
    return [from, arms[(world.eligible(round).indexOf(arm) + turn) % arms.length]!] as const
  }
  return {
    ...world,
    name: `${world.name}, shuffled`,
    summary: 'negative control: outcomes dealt out anew',
    isStationary: false,
    successRate: (round, arm) => world.successRate(...source(round, arm)),
    utility: (round, arm) => world.utility(...source(round, arm)),
    outcome: (round, arm) => world.outcome(...source(round, arm)),
  }
}
