import { openTacit, type Tacit } from '../../src/index.ts'
import { seedRng } from '../../src/math/rng.ts'

/** A database of one kind, made for a measurement, and how its tables can be measured. */
export interface Place {
  readonly store: string
  open(): Promise<{
    readonly url: string
    /** Brings what was written into its final place, and gives the size of each table with its indexes. */
    measure(): Promise<ReadonlyMap<string, number>>
    close(): Promise<void>
  }>
}

export interface Growth {
  readonly store: string
  readonly executions: number
  /** Bytes per execution. */
  readonly bytesByTable: Readonly<Record<string, number>>
  readonly bytes: number
}

/** Writes half of the executions, measures, writes the other half, measures again: the difference is what one takes. */
export async function fillAndMeasure(place: Place, executions: number): Promise<Growth> {
  const { url, measure, close } = await place.open()
  try {
    const half = Math.floor(executions / 2)
    const rest = executions - half
    await fill(url, 0, half)
    const before = await measure()
    await fill(url, half, executions)
    const after = await measure()
    const grown = [...after].map(([table, size]) => [table, (size - (before.get(table) ?? 0)) / rest] as const)
    const bytes = grown.reduce((sum, [, size]) => sum + size, 0)
    return { store: place.store, executions, bytesByTable: Object.fromEntries(grown), bytes }
  } finally {
    await close()
  }
}

async function fill(db: string, from: number, to: number): Promise<void> {
  const tacit = await openTacit({ db, seed: 'scale' })
  try {
    for (let index = from; index < to; index++) await execution(tacit, index)
  } finally {
    await tacit.close()
  }
}

const verbs = ['Fix', 'Review', 'Write', 'Explain', 'Translate', 'Summarise', 'Test', 'Deploy']
const subjects = ['the checkout page', 'a failing migration', 'the login flow', 'the monthly report', 'an API client']
const details = [
  'for the mobile app',
  'before the release on Friday',
  'as the customer asked',
  'without new dependencies',
]
const arms = ['opus', 'sonnet', 'haiku', 'local', 'human']

/** A task of some 80 characters, as agents get them, its outcome, and now and then a rating. */
async function execution(tacit: Tacit, index: number): Promise<void> {
  const rng = seedRng(`scale ${index}`)
  const pick = (list: readonly string[]) => list[Math.floor(rng() * list.length)]!
  const task = `${pick(verbs)} ${pick(subjects)} ${pick(details)} (ticket ${index})`
  const context = { repository: `repository-${Math.floor(rng() * 10)}` }
  const { decisionId } = await tacit.decide({ task, taskType: pick(verbs).toLowerCase(), arms: [...arms], context })
  const durationMs = Math.round(1000 * Math.exp(3 * rng()))
  await tacit.observe(decisionId, {
    success: rng() < 0.7,
    quality: rng(),
    durationMs,
    costUsd: rng() / 10,
    resources: { inputTokens: 4000, outputTokens: 700 },
  })
  if (index % 4 === 0) await tacit.feedback(decisionId, { value: rng() })
}
