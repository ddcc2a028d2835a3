import { metricsOperations } from './metrics-operations.ts'
import { adds, asks, define, rebuilds } from './operation.ts'
import * as inputs from './operation-inputs.ts'
import * as outputs from './operation-outputs.ts'
import type { OperationName } from './operation-summaries.ts'
import { trackOperations } from './track/operations.ts'
import { viewOperations } from './views/operations.ts'

export { type Access, accessLevels, type Operation, runOperation } from './operation.ts'

const task = 'Speed up the nightly sales report'
const arms = ['optimizer', 'architect', 'security']

/**
 * The one list of what Tacit can be asked to do. Each edge (command line, HTTP, tools of agents) is made from it, so they
 * cannot drift apart: `input` gives flags, body and tool schema; `output` the answer; `examples` the examples of each.
 */
export const operations = {
  decide: define('decide', {
    title: 'Choose an arm',
    description:
      'Chooses one of the arms for a task from what was learned, and writes the choice down with the exact probability ' +
      'with which it was made and with what is expected of it. Run the task with the arm, then report with observe.',
    input: inputs.decideInput,
    output: outputs.decideOutput,
    ...adds('decide'),
    examples: [
      { title: 'Choose among three agents', input: { task, taskType: 'database', arms } },
      {
        title: 'Tell what is known beforehand, and use an id of your own',
        input: {
          task,
          taskType: 'database',
          arms,
          decisionId: 'ticket-4711',
          context: { complexity: 'high', load: 0.4 },
        },
      },
    ],
    handler: (tacit, input) => tacit.decide(input),
  }),

  observe: define('observe', {
    title: 'Report an outcome',
    description:
      'Reports the outcome of a decision; Tacit learns from it at once. Leave out what is not known: it stays unknown. ' +
      'Reporting the same outcome id twice changes nothing; another outcome id is a correction.',
    input: inputs.observeInput,
    output: outputs.writtenOutput,
    ...adds('record'),
    examples: [
      {
        title: 'It worked',
        input: { decisionId: 'ticket-4711', outcomeId: 'run-1', success: true, durationMs: 1250, costUsd: 0.004 },
      },
      {
        title: 'It failed, and another arm than the chosen one was used',
        input: {
          decisionId: 'ticket-4712',
          success: false,
          arm: 'architect',
          error: { type: 'timeout', message: 'no answer after 30 s' },
        },
      },
    ],
    handler: (tacit, { decisionId, ...outcome }) => tacit.observe(decisionId, outcome),
  }),

  record: define('record', {
    title: 'Record an execution',
    description:
      'Takes in an execution of the past with its outcome, steps and ratings. It was chosen without Tacit, so it has no ' +
      'probability of choice; it is learned from all the same.',
    input: inputs.recordInput,
    output: outputs.writtenOutput,
    ...adds('record'),
    examples: [
      {
        title: 'One execution',
        input: { task, taskType: 'database', arm: 'optimizer', success: true, durationMs: 1400, executionId: 'job-17' },
      },
    ],
    handler: (tacit, input) => tacit.record(input),
  }),

  step: define('step', {
    title: 'Add a step',
    description: 'Adds one step (a tool call, a model call, a hand-off …) to an execution.',
    input: inputs.stepInput,
    output: outputs.writtenOutput,
    ...adds('record'),
    examples: [
      {
        title: 'A tool call',
        input: { executionId: 'ticket-4711', kind: 'tool', name: 'explain query', status: 'ok', durationMs: 310 },
      },
    ],
    handler: (tacit, { executionId, ...step }) => tacit.step(executionId, step),
  }),

  feedback: define('feedback', {
    title: 'Rate an execution',
    description: 'Rates an execution: by a person, a test, a judge or a proxy, on one dimension.',
    input: inputs.feedbackInput,
    output: outputs.writtenOutput,
    ...adds('record'),
    examples: [
      {
        title: 'In a word',
        input: { executionId: 'ticket-4711', value: 'good', comment: 'The report is ready by six.' },
      },
      {
        title: 'On a scale, for one dimension',
        input: { executionId: 'ticket-4711', value: { value: 4, scale: '1-5' }, dimension: 'accuracy' },
      },
    ],
    handler: (tacit, { executionId, ...feedback }) => tacit.feedback(executionId, feedback),
  }),

  recommend: define('recommend', {
    title: 'Rank the arms',
    description:
      'Ranks the arms for a task by what is expected of them, with the evidence and with similar past tasks. ' +
      'Nothing is chosen and nothing is written.',
    input: inputs.recommendInput,
    output: outputs.recommendOutput,
    ...asks,
    examples: [{ title: 'The three best arms', input: { task, taskType: 'database', limit: 3 } }],
    handler: (tacit, input) => tacit.recommend(input),
  }),

  predict: define('predict', {
    title: 'Predict outcomes',
    description:
      'Says what to expect of each arm on a task: success, duration and cost, each with its 90 % interval; and what that ' +
      'rests on: observations, how much each level says, and the nearest past tasks.',
    input: inputs.predictInput,
    output: outputs.predictOutput,
    ...asks,
    examples: [
      { title: 'Two arms side by side', input: { task, taskType: 'database', arms: ['optimizer', 'architect'] } },
    ],
    handler: (tacit, input) => tacit.predict(input),
  }),

  similar: define('similar', {
    title: 'Find similar tasks',
    description: 'Lists past tasks in the order of the similarity of their words, with what came of them.',
    input: inputs.similarInput,
    output: outputs.similarOutput,
    ...asks,
    examples: [
      { title: 'Five database tasks of the last month', input: { task, taskType: 'database', limit: 5, daysBack: 30 } },
    ],
    handler: (tacit, { task, ...options }) => tacit.similar(task, options),
  }),

  explain: define('explain', {
    title: 'Explain a choice',
    description:
      'Says why an arm was chosen: the probabilities of all arms, what was expected and what that rested on, what limited ' +
      'the choice, and what came of it. Everything is read from the log as it was written then.',
    input: inputs.explainInput,
    output: outputs.explainOutput,
    ...asks,
    examples: [{ title: 'A decision by its id', input: { decisionId: 'ticket-4711' } }],
    handler: (tacit, { decisionId }) => tacit.explain(decisionId),
  }),

  pareto: define('pareto', {
    title: 'Compare arms by several objectives',
    description:
      'Compares the arms by several objectives at once, from what they achieved: the front of those that no other arm ' +
      'beats in everything, and of the others, which arms dominate them and whether clearly.',
    input: inputs.paretoInput,
    output: outputs.paretoOutput,
    ...asks,
    examples: [
      { title: 'By success, duration and cost', input: {} },
      {
        title: 'Quality against cost on one kind of task',
        input: { objectives: ['quality', 'costUsd'], taskType: 'database' },
      },
    ],
    handler: (tacit, input) => tacit.pareto(input),
  }),

  calibration: define('calibration', {
    title: 'Judge the forecasts',
    description:
      'Judges the forecasts that were stored with decisions by what came of them, per model version: Brier score, ' +
      'calibration error and reliability table of success; error and coverage of the 90 % intervals of duration and cost.',
    input: inputs.calibrationInput,
    output: outputs.calibrationOutput,
    ...asks,
    examples: [{ title: 'Forecasts of the last 30 days', input: { daysBack: 30 } }],
    handler: (tacit, input) => tacit.calibration(input),
  }),

  'policy evaluate': define('policy evaluate', {
    title: 'Judge another policy',
    description:
      'Judges a policy by the decisions on record, without running it: what it would have earned on them, with a 95 % ' +
      'interval, beside what was earned. Rests on the probabilities with which the decisions were made; refuses, with the ' +
      'reason, where they say too little.',
    input: inputs.policyEvaluateInput,
    output: outputs.policyEvaluateOutput,
    ...asks,
    examples: [
      { title: 'Would the best arm of each kind of task have done better?', input: { policy: 'taskType-best' } },
      {
        title: 'One arm for all database tasks of the last month',
        input: { policy: 'optimizer', taskType: 'database', days: 30 },
      },
    ],
    handler: (tacit, input) => tacit.policyEvaluate(input),
  }),

  status: define('status', {
    title: 'Show the status',
    description: 'Shows what is on record, how many outcomes are awaited, and the errors of Tacit itself.',
    input: inputs.statusInput,
    output: outputs.statusOutput,
    ...asks,
    examples: [{ title: 'The database in use', input: {} }],
    handler: tacit => tacit.status(),
  }),

  replay: define('replay', {
    title: 'Replay the log',
    description:
      'Rebuilds everything learned from the log, keeps it, and reports the fingerprints of both. With verify, the rebuilt ' +
      'state is only compared with the live one.',
    input: inputs.replayInput,
    // Without verify the rebuilt state is kept as the new snapshot.
    output: outputs.replayOutput,
    ...rebuilds,
    examples: [
      { title: 'Fingerprints of log and learned state', input: {} },
      { title: 'Check that live and replayed state agree', input: { verify: true } },
    ],
    handler: (tacit, input) => tacit.replay(input),
  }),

  ...metricsOperations,
  ...trackOperations,
  ...viewOperations,
} as const satisfies { [Name in OperationName]: { readonly name: Name } }

/** What an operation answers. */
export type OutputOf<Name extends OperationName> = Awaited<ReturnType<(typeof operations)[Name]['handler']>>
