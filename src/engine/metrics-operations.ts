import { metricsInput, ratesInput, solutionsInput } from './metrics-inputs.ts'
import { metricsOutput, ratesOutput, solutionsOutput } from './metrics-outputs.ts'
import { asks, define } from './operation.ts'

/** Questions about executions as a whole: part of the one list in operations.ts. */
export const metricsOperations = {
  metrics: define('metrics', {
    title: 'Sum up executions',
    description:
      'Sums up executions by any of: arm and its facets (agent, team, model, tier, pool, topology, strategy), task type, ' +
      'repository, hour, day, month (UTC). Success with its 95 % interval; mean and percentiles of duration, which are ' +
      'within 1 %; cost, quality and rating. What is missing is counted as missing. With trend, each group is compared ' +
      'with itself in the window before.',
    input: metricsInput,
    output: metricsOutput,
    ...asks,
    examples: [
      { title: 'By arm and kind of task, last week', input: { groupBy: ['arm', 'taskType'], daysBack: 7 } },
      { title: 'Which agents can be relied on', input: { view: 'agent-metrics', orderBy: 'success', minCount: 5 } },
      { title: 'Kinds of task met at least ten times', input: { groupBy: ['taskType'], minCount: 10 } },
      { title: 'A named question, over a longer window', input: { view: 'tier-performance', daysBack: 90 } },
      { title: 'What changed since the week before', input: { daysBack: 7, trend: true } },
      {
        title: 'Pools hour by hour on one day',
        input: { groupBy: ['pool', 'hour'], since: '2026-03-01T00:00:00Z', until: '2026-03-02T00:00:00Z' },
      },
    ],
    handler: (tacit, input) => tacit.metrics(input),
  }),

  solutions: define('solutions', {
    title: 'List solutions by use',
    description:
      'Lists the solutions that outcomes named, per repository: how often each was used and how often that succeeded. It ' +
      'is read from the log, so a long history takes time.',
    input: solutionsInput,
    output: solutionsOutput,
    ...asks,
    examples: [
      { title: 'The ten most used solutions', input: {} },
      { title: 'Of one repository, even if used once', input: { repository: 'shop', minCount: 1 } },
    ],
    handler: (tacit, input) => tacit.solutions(input),
  }),

  rates: define('rates', {
    title: 'Count recent operations',
    description:
      'Counts what was recorded in the last seconds: decisions, outcomes, steps by kind, feedback, each also per second.',
    input: ratesInput,
    output: ratesOutput,
    ...asks,
    examples: [
      { title: 'The last minute', input: {} },
      { title: 'The last hour', input: { windowSeconds: 3600 } },
    ],
    handler: (tacit, input) => tacit.rates(input),
  }),
} as const
