/** Every operation in one line. Apart from the schemas, so that `tacit --help` need not load them. */
export const operationSummaries = {
  decide: 'Choose an arm for a task and put the choice on record',
  observe: 'Report what came of a decision',
  record: 'Take in one past execution that was chosen without Tacit',
  step: 'Add one step to an execution',
  feedback: 'Rate an execution',
  recommend: 'Rank the arms for a task, without choosing',
  predict: 'Say what to expect of each arm on a task',
  similar: 'Find past tasks that are like this one',
  explain: 'Say why an arm was chosen, and what came of it',
  metrics: 'Sum up success, duration, cost and quality by arm and task type',
  pareto: 'Show which arms no other arm beats in everything',
  calibration: 'Show how well forecasts kept their word',
  'policy evaluate': 'Say what another policy would have earned on the decisions on record',
  status: 'Show what is on record and how Tacit is doing',
  replay: 'Rebuild what was learned from the log, and compare it',
  train: 'Learn everything on record anew',
  'learn status': 'Show where learning stands',
  'learn analytics': 'Show reward and success day by day',
  'learn history': 'List experiences: state, action, reward',
  'learn q-table': 'Show the estimates as a table of states and actions',
  'learn recommend': 'Name the best strategy for a state',
  'learn execution': 'Learn from one execution, and say what that changed',
  'compat list': 'List the scores of earlier systems',
  'compat score': 'Compute a score of an earlier system',
} as const

export type OperationName = keyof typeof operationSummaries
