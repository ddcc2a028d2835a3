import type {
  ArmChoice,
  ArmPrediction,
  Evidence,
  RankedArm,
  Recommendation,
  WeighedEvidence,
} from '../../../engine/types.ts'
import type { Prediction } from '../../../records.ts'
import {
  formatCount,
  formatDurationEstimate,
  formatMoneyEstimate,
  formatShare,
  formatShareEstimate,
  formatUnitEstimate,
  plural,
  shorten,
  unknown,
} from '../format.ts'
import { bold, dim, paint } from '../output.ts'
import { type Column, renderPairs, renderTable } from '../table.ts'
import { limitPairs } from './limits.ts'
import { renderSimilar } from './similar.ts'

/** Arms that are listed in full; a choice may be among thousands. */
const maxArmsShown = 20

export function renderChoice(choice: ArmChoice): string {
  const { arm, propensity, distribution, evidence, policy, stage, explored, prediction } = choice
  const head = `${paint(['bold', 'green'], arm)}  chosen with probability ${formatShare(propensity)}${explored ? dim(' (exploring)') : ''}`
  const facts = renderPairs(
    [
      ['decision', choice.decisionId],
      ['success', successOf(prediction)],
      ['duration', durationOf(prediction)],
      ['cost', costOf(prediction)],
      ['evidence', evidence.summary],
      ...limitPairs(choice.limits),
      ['policy', `${policy.id} ${policy.version}, stage ${stage}`],
    ],
    dim,
  )
  const off =
    stage === 'off'
      ? `\n\n${paint('yellow', 'Tacit is switched off: this is your incumbent, and nothing was written.')}`
      : ''
  const arms = Object.entries(distribution).sort(([, a], [, b]) => b - a)
  const table = renderTable<[string, number]>(
    [
      { title: 'arm', cell: ([name]) => (name === arm ? bold(name) : name) },
      { title: 'probability', align: 'right', cell: ([, share]) => formatShare(share) },
      { title: '', cell: ([, share]) => paint('cyan', '▇'.repeat(Math.round(share * 30))) },
    ],
    arms.slice(0, maxArmsShown),
    dim,
  )
  const rest =
    arms.length > maxArmsShown ? dim(`\n… and ${arms.length - maxArmsShown} more arms (--json lists all)`) : ''
  return `${head}\n\n${facts}\n\n${table}${rest}${off}`
}

export function renderRecommendation(recommendation: Recommendation): string {
  const { task, taskType, arms, armsLeftOut, withheld, similar, policy } = recommendation
  const head = `${bold(shorten(task, 70))}${taskType === null ? '' : dim(`  ${taskType}`)}`
  const hidden = withheld.map(
    ({ arm, nEff, needed }) => `${arm} (${formatCount(nEff)} of ${formatCount(needed)} observations)`,
  )
  const unranked = hidden.length === 0 ? '' : `Too little is known to rank: ${hidden.join(', ')}.`
  if (arms.length === 0) return `${head}\n\n${unranked || noArms}`
  const table = renderTable<RankedArm>(
    [
      { title: '#', align: 'right', cell: ({ rank }) => String(rank) },
      { title: 'arm', cell: ({ arm }) => arm },
      { title: 'utility', align: 'right', cell: ({ utility }) => formatUnitEstimate(utility) },
      ...predictionColumns<RankedArm>(({ prediction }) => prediction),
      { title: 'chance to be chosen', align: 'right', cell: ({ probability }) => formatShare(probability) },
      seenColumn,
    ],
    arms,
    dim,
  )
  const more = armsLeftOut > 0 ? ` ${plural(armsLeftOut, 'more arm')} ranked lower; --limit shows them.` : ''
  const tail = dim(
    `In brackets: 90 % interval; duration and cost are medians. Policy ${policy.id} ${policy.version}.${more}`,
  )
  const past = similar.length > 0 ? `\n\n${bold('Similar past tasks')}\n${renderSimilar(similar)}` : ''
  return `${head}\n\n${table}\n\n${arms[0]!.evidence.summary}\n${unranked && `${unranked}\n`}${tail}${past}`
}

export function renderPredictions(predictions: readonly ArmPrediction[]): string {
  if (predictions.length === 0) return noArms
  const columns = [
    { title: 'arm', cell: ({ arm }: ArmPrediction) => arm },
    ...predictionColumns<ArmPrediction>(prediction => prediction),
    seenColumn,
    {
      title: 'rests on: all/type/task',
      align: 'right',
      cell: ({ evidence }: ArmPrediction) => sharesOf(evidence),
    } as const,
  ]
  const { model } = predictions[0]!
  const similar = predictions.flatMap(({ evidence }) => evidence.similar).sort((a, b) => b.similarity - a.similarity)
  const past = similar.length > 0 ? `\n\n${bold('Nearest past tasks')}\n${renderSimilar(similar)}` : ''
  const tail = dim(`In brackets: 90 % interval; duration and cost are medians. Model ${model}.`)
  return `${renderTable(columns, predictions, dim)}\n\n${tail}${past}`
}

const noArms = 'No arm is known yet. Name some with --arms a,b,c, or take in history with "tacit record".'

const seenColumn: Column<{ readonly evidence: Evidence }> = {
  title: 'seen: all/type/task',
  align: 'right',
  cell: ({ evidence: { observations } }) =>
    [observations.all, observations.taskType, observations.task].map(shortCount).join('/'),
}

function sharesOf({ shares }: WeighedEvidence): string {
  if (shares === null) return unknown
  return `${[shares.all, shares.taskType, shares.task].map(share => Math.round(share * 100)).join('/')} %`
}

function predictionColumns<Row>(of: (row: Row) => Prediction | null): Column<Row>[] {
  return [
    { title: 'success', align: 'right', cell: row => successOf(of(row)) },
    { title: 'duration', align: 'right', cell: row => durationOf(of(row)) },
    { title: 'cost', align: 'right', cell: row => costOf(of(row)) },
  ]
}

function successOf(prediction: Prediction | null): string {
  return prediction === null ? unknown : formatShareEstimate(prediction.pSuccess.value, prediction.pSuccess.interval)
}

function durationOf(prediction: Prediction | null): string {
  return prediction === null ? unknown : formatDurationEstimate(prediction.durationMs)
}

function costOf(prediction: Prediction | null): string {
  return prediction === null ? unknown : formatMoneyEstimate(prediction.costUsd)
}

const shortCount = (count: number) => (Number.isInteger(count) ? String(count) : count.toFixed(count < 10 ? 1 : 0))
