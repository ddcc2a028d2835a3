import { integer, type Rng, seedRng } from '../math/rng.ts'
import { type Kind, kinds } from './kinds.ts'
import type { Problem } from './problems.ts'

/** One task: what it is in words, and the problem behind the words. */
export interface Task {
  readonly index: number
  readonly kind: Kind
  readonly text: string
  readonly problem: Problem
}

/** Task number `index` of a demo with `seed`: always the same, whoever makes it. Kinds come in random order. */
export function makeTask(seed: string, index: number): Task {
  const rng = seedRng(`${seed}/task/${index}`)
  return makeTaskOfKind(kinds[integer(rng, kinds.length)]!, rng, index)
}

export function makeTaskOfKind(kind: Kind, rng: Rng, index: number): Task {
  const { problem, facts } = kind.make(rng)
  return { index, kind, problem, text: phrase(rng, kind.phrasings, facts) }
}

/** One of the phrasings with its alternatives chosen and its numbers filled in. */
function phrase(rng: Rng, phrasings: readonly string[], facts: Readonly<Record<string, number>>): string {
  const chosen = phrasings[integer(rng, phrasings.length)]!
  return chosen
    .replaceAll(/\{([^}]+)\}/g, (_, alternatives: string) => {
      const options = alternatives.split('|')
      return options[integer(rng, options.length)]!
    })
    .replaceAll(/\$([a-z]+)/g, (_, name: string) => String(facts[name]))
}
