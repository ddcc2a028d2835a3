import { integer, type Rng } from '../../math/rng.ts'

/** Words for simulated tasks; `taskText` puts them together so that no two tasks read the same. */
const verbs = ['Fix', 'Speed up', 'Review', 'Document', 'Test', 'Simplify', 'Migrate', 'Explain', 'Monitor', 'Plan']
const qualities = ['slow', 'broken', 'old', 'flaky', 'large', 'undocumented', 'critical', 'noisy', 'new', 'shared']
const things = ['report', 'import', 'login', 'search', 'invoice run', 'backup', 'cache', 'queue', 'dashboard', 'parser']
const places = ['in the shop', 'for the finance team', 'on the mobile site', 'behind the gateway', 'in the nightly job']
const templates = [
  (words: Words) => `${words.verb} the ${words.quality} ${words.thing} ${words.place}`,
  (words: Words) => `The ${words.thing} ${words.place} is ${words.quality}. ${words.verb} it`,
  (words: Words) => `${words.verb}: ${words.quality} ${words.thing}, ${words.place}`,
  (words: Words) => `We have a ${words.quality} ${words.thing} ${words.place}; please ${words.verb.toLowerCase()} it`,
]

interface Words {
  readonly verb: string
  readonly quality: string
  readonly thing: string
  readonly place: string
}

/** A task of the type in words, with its number. */
export function taskText(rng: Rng, taskType: string | null, number: number): string {
  const pick = <T>(items: readonly T[]) => items[integer(rng, items.length)]!
  const text = pick(templates)({
    verb: pick(verbs),
    quality: pick(qualities),
    thing: pick(things),
    place: pick(places),
  })
  return `${text} (${taskType ?? 'task'} ${number + 1})`
}
