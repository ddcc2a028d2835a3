import type { OutputOf } from '../../../engine/operations.ts'
import {
  formatBytes,
  formatCount,
  formatShare,
  formatShareEstimate,
  formatTime,
  formatUnit,
  formatUnitEstimate,
  plural,
  shorten,
  unknown,
} from '../format.ts'
import { bold, dim, paint } from '../output.ts'
import { renderPairs, renderTable } from '../table.ts'

export function renderLearnStatus(stats: OutputOf<'learn status'>): string {
  const { enabled, stage, mode, policy, qValues, snapshot } = stats
  const tree: (readonly [string, string])[] = [
    ['Learning', enabled ? `${paint('green', 'on')}, stage ${stage}, mode ${mode}` : paint('yellow', 'switched off')],
    ['Policy', `${policy.id} ${policy.version}`],
    ['Experiences', formatCount(stats.totalExperiences)],
    ['Exploration Rate', stats.explorationRate === null ? unknown : `${(100 * stats.explorationRate).toFixed(1)} %`],
    [
      'Avg Q-Value',
      qValues === null ? unknown : formatUnitEstimate({ value: qValues.mean, interval: [qValues.min, qValues.max] }),
    ],
    [
      'Q-Table',
      `${plural(stats.tableSize, 'entry').replace(/entrys$/, 'entries')} of ${plural(stats.states, 'state')} × ${plural(stats.actions, 'action')}`,
    ],
    [
      'Snapshot',
      snapshot === null ? unknown : `${formatBytes(snapshot.sizeBytes)}, up to ${formatTime(snapshot.until)}`,
    ],
    ['Refit', refitText(stats.refit)],
  ]
  const lines = tree.map(([name, value], i) => `${i === tree.length - 1 ? '└─' : '├─'} ${name}: ${value}`)
  const remark = 'Q-value: estimated utility of an arm on a task type; in brackets the lowest and the highest.'
  return `${bold('Learning')}\n${lines.join('\n')}\n\n${dim(remark)}`
}

function refitText(refit: OutputOf<'learn status'>['refit']): string {
  if (refit === null) return 'only by "tacit train"'
  const { everyHours, last } = refit
  const found =
    last === null
      ? 'not yet'
      : `last ${formatTime(last.at)}, ${last.changed ? paint('yellow', 'something had changed') : 'nothing had changed'}`
  return `every ${formatCount(everyHours)} h; ${found}`
}

/** Width of the longest bar of the chart, characters. */
const barWidth = 30

export function renderAnalytics({
  formula,
  totalExperiences,
  avgReward,
  successRate,
  learningTrend,
}: OutputOf<'learn analytics'>): string {
  if (totalExperiences === 0) return 'Nothing with an outcome is on record for this question yet.'
  const rewards = learningTrend.flatMap(({ avgReward }) => (avgReward === null ? [] : [avgReward]))
  const low = rewards.reduce((a, b) => Math.min(a, b), 0)
  const high = rewards.reduce((a, b) => Math.max(a, b), 0)
  const bar = (reward: number | null) =>
    reward === null || high === low
      ? ''
      : paint('cyan', '▇'.repeat(Math.round((barWidth * (reward - low)) / (high - low))))
  const head = renderPairs(
    [
      ['reward', `${formula.id} ${formula.version}: ${formula.formula}`],
      ['experiences', formatCount(totalExperiences)],
      ['mean reward', avgReward === null ? unknown : `${formatUnit(avgReward.mean)} over ${formatCount(avgReward.n)}`],
      ['success', successRate === null ? unknown : formatShareEstimate(successRate.mean, successRate.interval)],
    ],
    dim,
  )
  const chart = renderTable<(typeof learningTrend)[number]>(
    [
      { title: 'day (UTC)', cell: ({ date }) => date },
      { title: 'experiences', align: 'right', cell: ({ experiences }) => formatCount(experiences) },
      { title: 'success', align: 'right', cell: ({ successRate }) => formatShare(successRate) },
      { title: 'mean reward', align: 'right', cell: ({ avgReward }) => formatUnit(avgReward) },
      { title: '', cell: ({ avgReward }) => bar(avgReward) },
    ],
    learningTrend,
    dim,
  )
  const scale = dim(`Bars reach from ${formatUnit(low)} to ${formatUnit(high)}.`)
  return [head, `${chart}\n${scale}`, ...warningOf(formula.warning)].join('\n\n')
}

export function renderHistory({ formula, experiences, next }: OutputOf<'learn history'>): string {
  if (experiences.length === 0) return 'Nothing with an outcome is on record for this question yet.'
  const table = renderTable<(typeof experiences)[number]>(
    [
      { title: 'when', cell: ({ timestamp }) => dim(formatTime(timestamp)) },
      { title: 'state', cell: ({ state }) => state.taskType ?? unknown },
      { title: 'action', cell: ({ action }) => action },
      { title: 'reward', align: 'right', cell: ({ reward }) => formatUnit(reward) },
      { title: 'task', cell: ({ state }) => shorten(state.task, 60) },
    ],
    experiences,
    dim,
  )
  const more = next === null ? [] : [dim(`There are more: --after ${next}`)]
  return [table, ...more, ...warningOf(formula.warning)].join('\n\n')
}

export function renderQTable({ entries, next, policy, utilityVersion }: OutputOf<'learn q-table'>): string {
  if (entries.length === 0) return 'No arm was observed for this question yet.'
  const table = renderTable<(typeof entries)[number]>(
    [
      { title: 'state', cell: ({ state }) => state ?? unknown },
      { title: 'action', cell: ({ action }) => action },
      {
        title: 'Q-value',
        align: 'right',
        cell: ({ qValue, interval }) => formatUnitEstimate({ value: qValue, interval }),
      },
      { title: 'updates', align: 'right', cell: ({ updateCount }) => formatCount(updateCount) },
    ],
    entries,
    dim,
  )
  const remark = `Estimated utility ${utilityVersion}, 90 % interval in brackets. Policy ${policy.id} ${policy.version}.`
  return [table, dim(next === null ? remark : `${remark} There are more: --after ${JSON.stringify(next)}`)].join('\n\n')
}

export function renderStrategy(best: OutputOf<'learn recommend'>): string {
  const { strategy, confidence, reasoning, expectedImprovement, comparedWith, alternatives } = best
  const against = comparedWith.strategy ?? 'the mean of the strategies'
  const sign = (expectedImprovement ?? 0) >= 0 ? '+' : ''
  const head = renderPairs(
    [
      ['expected utility', formatUnitEstimate(confidence)],
      [
        'improvement',
        expectedImprovement === null ? unknown : `${sign}${expectedImprovement.toFixed(1)} % against ${against}`,
      ],
      ['why', reasoning],
    ],
    dim,
  )
  if (alternatives.length === 0) return `${paint(['bold', 'green'], strategy)}\n\n${head}`
  const table = renderTable<(typeof alternatives)[number]>(
    [
      { title: 'alternative', cell: ({ strategy }) => strategy },
      { title: 'expected utility', align: 'right', cell: ({ confidence }) => formatUnitEstimate(confidence) },
      { title: 'chance to be chosen', align: 'right', cell: ({ probability }) => formatShare(probability) },
    ],
    alternatives,
    dim,
  )
  return `${paint(['bold', 'green'], strategy)}\n\n${head}\n\n${table}`
}

export function renderLearned(outcome: OutputOf<'learn execution'>): string {
  const { executionId, status, strategy, previousPerformance, newPerformance, improvementRate } = outcome
  if (status === 'disabled') return 'Nothing was written: Tacit is switched off.'
  const change = improvementRate === null ? '' : ` (${improvementRate >= 0 ? '+' : ''}${improvementRate.toFixed(1)} %)`
  const estimate = `Expected utility of ${strategy}: ${formatUnit(previousPerformance)} → ${formatUnit(newPerformance)}${change}`
  return `Execution ${executionId} is on record${status === 'duplicate' ? ' already' : ''}.\n${estimate}`
}

export function renderTraining({ facts, executions, durationMs, changed, stateHash }: OutputOf<'train'>): string {
  const verdict = changed
    ? paint('yellow', 'It differs from what was known before.')
    : 'It is what was known before, byte by byte.'
  return `Learned from ${plural(facts, 'fact')} of ${plural(executions, 'execution')} in ${Math.round(durationMs)} ms. ${verdict}\n${dim(stateHash)}`
}

const warningOf = (warning: string | null) =>
  warning === null ? [] : [paint('yellow', `Not what Tacit aims at: ${warning}`)]
