import fc from 'fast-check'
import { type Tacit, TacitError } from '../../src/index.ts'
import { type Clock, hourMs } from './engine.ts'

/**
 * Random sequences of every call, over so few ids that repetitions, corrections, early and late facts, and conflicts are
 * common. Each command brings its ids, so that it can be repeated.
 */
export interface Command {
  readonly name: string
  /** Whether a repetition is the same fact: true for all but the passing of time. */
  readonly isRepeatable: boolean
  run(tacit: Tacit, clock: Clock): Promise<unknown>
}

const arm = fc.constantFrom('a', 'b', 'c', 'd')
const arms = fc.uniqueArray(arm, { minLength: 1, maxLength: 4 })
const executionId = fc.constantFrom('e0', 'e1', 'e2', 'e3', 'e4', 'e5')
const taskType = fc.constantFrom('review', 'coding', undefined)
const task = fc.constantFrom('Read the change', 'Write the parser', 'Write the parser again')
/** Multiples of 1/8 and 1/16, so that sums are exact. */
const quality = fc.option(
  fc.integer({ min: 0, max: 8 }).map(n => n / 8),
  { nil: undefined },
)
const outcome = fc.record({
  success: fc.constantFrom(true, false, null, undefined),
  quality,
  durationMs: fc.constantFrom(undefined, 0, 10, 2500, 1e7),
  costUsd: fc.constantFrom(undefined, 0, 0.01, 3),
  arm: fc.option(arm, { nil: undefined, freq: 3 }),
})

const command = (name: string, run: Command['run'], isRepeatable = true): Command => ({ name, run, isRepeatable })
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc
    .record({ executionId, task, taskType, arms, hours: fc.integer({ min: -100, max: 0 }) })
    .map(({ executionId, hours, ...input }) =>
      command('decide', (tacit, { nowMs }) =>
        tacit.decide({ ...input, decisionId: executionId, at: nowMs + hours * hourMs, joinDeadlineMs: 5 * hourMs }),
      ),
    ),
  fc
    .record({ executionId, outcome, number: fc.nat(2) })
    .map(({ executionId, outcome, number }) =>
      command('observe', tacit => tacit.observe(executionId, { ...outcome, outcomeId: `${executionId}-o${number}` })),
    ),
  fc
    .record({ executionId, task, taskType, arm, outcome })
    .map(({ outcome: { arm: _used, ...outcome }, ...execution }) =>
      command('record', tacit => tacit.record({ ...execution, ...outcome })),
    ),
  fc
    .array(fc.record({ executionId, task, arm, quality }), { maxLength: 3 })
    .map(executions => command('recordBatch', tacit => tacit.recordBatch(executions))),
  fc
    .record({ executionId, number: fc.nat(3) })
    .map(({ executionId, number }) => command('step', tacit => tacit.step(executionId, { stepId: `s${number}` }))),
  fc
    .record({ executionId, number: fc.nat(2), value: fc.integer({ min: 0, max: 16 }).map(n => n / 16) })
    .map(({ executionId, number, value }) =>
      command('feedback', tacit => tacit.feedback(executionId, { feedbackId: `${executionId}-f${number}`, value })),
    ),
  fc.constant(command('recommend', tacit => tacit.recommend({ task: 'Read the change', arms: ['a', 'b'] }))),
  fc.integer({ min: 1, max: 60 }).map(hours =>
    command(
      'wait',
      async (_tacit, clock) => {
        clock.nowMs += hours * hourMs
      },
      false,
    ),
  ),
)

export const anyScenario: fc.Arbitrary<Command[]> = fc.array(anyCommand, { minLength: 15, maxLength: 45 })

/** Runs the commands; an id that is taken is the only error that may occur. */
export async function play(commands: readonly Command[], tacit: Tacit, clock: Clock): Promise<void> {
  for (const { run } of commands) {
    try {
      await run(tacit, clock)
    } catch (error) {
      if (!(error instanceof TacitError && error.code === 'ID_CONFLICT')) throw error
    }
  }
}
