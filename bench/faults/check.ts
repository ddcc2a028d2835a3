import { openTacit } from '../../src/index.ts'

/** What a database says after a fault. */
export interface Findings {
  /** Acknowledged ids that the log does not hold. */
  readonly lost: number
  /** Facts that are in the log twice, and executions or outcomes that are counted more often than they are in the log. */
  readonly double: number
}

/**
 * Opens the database as any process would, compares it with what was acknowledged and replays it.
 * @throws Error if the counts are below the log or replay does not agree with the learned state.
 */
export async function check(db: string, acknowledged: ReadonlySet<string>): Promise<Findings> {
  const tacit = await openTacit({ db, seed: 'checker' })
  try {
    const ids = new Set<string>()
    const counted = { facts: 0, decision: new Set<string>(), outcome: new Set<string>() }
    for await (const { id, kind, executionId } of tacit.exportFacts()) {
      ids.add(id)
      counted.facts++
      if (kind === 'decision' || kind === 'outcome') counted[kind].add(executionId)
    }
    const { executions, withOutcome } = await tacit.status()
    const joined = [...counted.decision].filter(id => counted.outcome.has(id)).length
    if (executions < counted.decision.size || withOutcome < joined)
      throw new Error(`The log has ${counted.decision.size} executions (${joined} with outcome), the counts say less.`)
    if (!(await tacit.replay({ verify: true })).verified)
      throw new Error('Replay does not agree with the learned state.')
    return {
      lost: [...acknowledged].filter(id => !ids.has(id)).length,
      double: counted.facts - ids.size + (executions - counted.decision.size) + (withOutcome - joined),
    }
  } finally {
    await tacit.close()
  }
}
