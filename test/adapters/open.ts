import { onTestFinished } from 'vitest'
import { openTacit } from '../../src/index.ts'
import type { FactKind, FactOf } from '../../src/records.ts'
import { collect } from '../helpers/collect.ts'

/** A Tacit in memory that is closed when the test is over, and a look at its log. */
export async function open() {
  const tacit = await openTacit({ db: ':memory:', seed: 'adapters' })
  onTestFinished(() => tacit.close())
  const facts = () => collect(tacit.exportFacts())
  const bodies = async <K extends FactKind>(kind: K) =>
    (await facts()).filter(fact => fact.kind === kind).map(({ body }) => body as FactOf<K>['body'])
  return { tacit, facts, bodies }
}
