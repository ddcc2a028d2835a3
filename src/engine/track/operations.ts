import { asks, define } from '../operation.ts'
import * as inputs from './inputs.ts'
import * as outputs from './outputs.ts'

/** Changes which model decides, or what is kept beside the log. The log itself stays as it is. */
const keeps = { access: 'admin', readOnly: false, idempotent: false, destructive: false } as const
const switches = { ...keeps, idempotent: true } as const
const drops = { ...keeps, destructive: true } as const

/** Keeping track of learning: part of the one list in operations.ts. */
export const trackOperations = {
  'models list': define('models list', {
    title: 'List kept models',
    description: 'Lists the versions of what was learned that were kept, and says which one decides now.',
    input: inputs.listInput,
    output: outputs.modelsOutput,
    ...asks,
    examples: [{ title: 'Which are there, and which decides?', input: {} }],
    handler: tacit => tacit.track.models(),
  }),

  'models save': define('models save', {
    title: 'Keep what is learned',
    description: 'Keeps what is learned now under a name, beside what goes on learning.',
    input: inputs.namedInput,
    output: outputs.modelOutput,
    ...keeps,
    examples: [{ title: 'Before a risky change', input: { name: 'before-upgrade' } }],
    handler: (tacit, { name }) => tacit.track.saveModel(name),
  }),

  'models use': define('models use', {
    title: 'Switch the model',
    description:
      'Lets a kept model decide, recommend and predict from now on, in every process within a second; live switches back. ' +
      'Learning goes on with every outcome either way.',
    input: inputs.namedInput,
    output: outputs.modelsOutput,
    ...switches,
    examples: [
      { title: 'Back to what was known before', input: { name: 'before-upgrade' } },
      { title: 'And on with what goes on learning', input: { name: 'live' } },
    ],
    handler: (tacit, { name }) => tacit.track.useModel(name),
  }),

  'models drop': define('models drop', {
    title: 'Forget a kept model',
    description: 'Forgets a kept version of what was learned. One that is in use is not dropped.',
    input: inputs.namedInput,
    output: outputs.modelsOutput,
    ...drops,
    examples: [{ title: 'It is no longer needed', input: { name: 'before-upgrade' } }],
    handler: (tacit, { name }) => tacit.track.dropModel(name),
  }),

  'baseline freeze': define('baseline freeze', {
    title: 'Freeze a baseline',
    description:
      'Freezes what was achieved so far (utility, success, duration, cost) under a name. It stays as it is, whatever is ' +
      'recorded later.',
    input: inputs.freezeInput,
    output: outputs.baselineOutput,
    ...keeps,
    examples: [{ title: 'The last 30 days', input: { name: 'spring', daysBack: 30 } }],
    handler: (tacit, { name, daysBack, taskType }) =>
      tacit.track.freezeBaseline(name, { ...(daysBack && { daysBack }), ...(taskType && { taskType }) }),
  }),

  'baseline compare': define('baseline compare', {
    title: 'Compare with a baseline',
    description:
      'Compares what was decided since a baseline was frozen with it, on the same mix of task types: the difference with ' +
      'its 95 % interval, and whether it is certain.',
    input: inputs.compareInput,
    output: outputs.comparisonOutput,
    ...asks,
    examples: [{ title: 'Are we better than in spring?', input: { name: 'spring' } }],
    handler: (tacit, { name, daysBack }) => tacit.track.compareBaseline(name, { ...(daysBack && { daysBack }) }),
  }),

  'baseline list': define('baseline list', {
    title: 'List baselines',
    description: 'Lists the baselines that were frozen, with what was achieved then.',
    input: inputs.listInput,
    output: outputs.baselinesOutput,
    ...asks,
    examples: [{ title: 'All of them', input: {} }],
    handler: tacit => tacit.track.baselines(),
  }),

  'baseline drop': define('baseline drop', {
    title: 'Forget a baseline',
    description: 'Forgets a baseline.',
    input: inputs.namedInput,
    output: outputs.baselinesOutput,
    ...drops,
    examples: [{ title: 'It is no longer needed', input: { name: 'spring' } }],
    handler: (tacit, { name }) => tacit.track.dropBaseline(name),
  }),

  regret: define('regret', {
    title: 'Track regret over time',
    description:
      'Estimates, period by period, how much more the best choice in hindsight (the best arm of each kind of task) would have ' +
      'earned than the real decisions, with 95 % intervals. Says why where the log is too thin to tell.',
    input: inputs.regretInput,
    output: outputs.regretOutput,
    ...asks,
    examples: [
      { title: 'The last four weeks, week by week', input: {} },
      { title: 'Against the best single arm, day by day', input: { against: 'best-single', days: 7, periodDays: 1 } },
    ],
    handler: (tacit, input) => tacit.track.regret(input as Parameters<typeof tacit.track.regret>[0]),
  }),

  usage: define('usage', {
    title: 'Show what is used up',
    description:
      'Sums up what executions used (time, money, tokens, CPU, memory) by arm, task type or hour of the day, and the utility ' +
      'that they achieved per US dollar and per hour, with 95 % intervals.',
    input: inputs.usageInput,
    output: outputs.usageOutput,
    ...asks,
    examples: [
      { title: 'Which arm achieves most for its money?', input: { daysBack: 30 } },
      { title: 'When is most used?', input: { by: 'hourOfDay' } },
    ],
    handler: (tacit, input) => tacit.track.usage(input as Parameters<typeof tacit.track.usage>[0]),
  }),

  complexity: define('complexity', {
    title: 'Classify the complexity',
    description:
      'Says whether a task is of low, medium or high complexity, by how probable failure is. The classes are the thirds of ' +
      'past forecasts, and each says how many really failed.',
    input: inputs.complexityInput,
    output: outputs.complexityOutput,
    ...asks,
    examples: [
      { title: 'A task of a known kind', input: { task: 'Speed up the nightly report', taskType: 'database' } },
    ],
    handler: (tacit, { task, taskType }) => tacit.track.complexity(task, { ...(taskType && { taskType }) }),
  }),

  importance: define('importance', {
    title: 'Show what matters',
    description:
      'Shows what the forecast of success rests on, read off the coefficients: the rates, what the arm adds, and the words ' +
      'that speak for or against it.',
    input: inputs.importanceInput,
    output: outputs.importanceOutput,
    ...asks,
    examples: [
      { title: 'Of the latest tasks together', input: { limit: 5 } },
      { title: 'Of one task', input: { task: 'Speed up the nightly report', taskType: 'database' } },
    ],
    handler: (tacit, input) => tacit.track.importance(input),
  }),
} as const
