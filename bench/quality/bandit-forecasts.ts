import { textFeatures } from '../../src/embed/features.ts'
import { Vocabulary } from '../../src/learn/predictor/vocabulary.ts'
import { hash53 } from '../../src/math/hash.ts'
import { integer, type Rng, seedRng } from '../../src/math/rng.ts'
import { auc, brier, calibrationError } from '../../src/math/statistics.ts'
import { type Estimate, estimate, estimateText, pairedDifference } from './ablation-measures.ts'
import { ArmTypeMeans, type Forecaster, ratesForecaster, wholeForecaster } from './bandit-forecasts-rivals.ts'
import type { Visit } from './online.ts'
import { align } from './report.ts'
import { type Scored, scoreReward } from './run.ts'
import { clip } from './utility.ts'
import type { View } from './view.ts'

/**
 * What the success predictor reaches offline, where it sees every arm on every training task: AUC and Brier score that
 * it must keep there. To compare with: under bandit feedback it sees one arm per task.
 */
const offlineFloors: Readonly<Record<string, { auc: number; brier: number }>> = {
  llmrouter: { auc: 0.837, brier: 0.158 },
  bfcl: { auc: 0.772, brier: 0.139 },
  bfcl_mid: { auc: 0.77, brier: 0.156 },
  routellm: { auc: 0.757, brier: 0.161 },
  swebench_pro: { auc: 0.714, brier: 0.173 },
}

const day = 20_000
const ours = 'success predictor'
const plain = 'arm × task type means'

/**
 * Streams an order with one arm per visit, drawn evenly from those on offer: each forecaster predicts the reward
 * (clipped to 0..1) of that arm, then all learn it. Returns each forecaster's forecasts beside what came.
 */
export function streamForecasts(view: View, visits: readonly Visit[], rng: Rng): Map<string, Scored[]> {
  const forecasters = new Map<string, Forecaster>([
    [ours, wholeForecaster()],
    ['rates alone', ratesForecaster()],
    [plain, new ArmTypeMeans()],
  ])
  const scored = new Map<string, Scored[]>([...forecasters.keys()].map(name => [name, []]))
  const vocabulary = new Vocabulary()
  for (const { task, attempt } of visits) {
    const { text, taskType } = view.tasks[task]!
    const offered = attempt.flatMap((execution, arm) =>
      execution === null ? [] : [{ arm: view.arms[arm]!, reward: execution.reward }],
    )
    const { arm, reward } = offered[integer(rng, offered.length)]!
    const features = textFeatures(text)
    const subject = { arm, category: taskType, task: hash53(`${taskType ?? ''}\u0000${text}`), day }
    const before = { ...subject, words: vocabulary.vector(features) }
    for (const [name, forecaster] of forecasters) {
      scored.get(name)!.push(scoreReward(view, forecaster.predict(before), reward))
    }
    vocabulary.meet(features)
    const after = { ...subject, words: vocabulary.vector(features) }
    for (const forecaster of forecasters.values()) forecaster.learn(after, clip(reward))
  }
  return scored
}

/** The table of a view: AUC, Brier score and calibration error of each forecaster under bandit feedback. */
export function banditForecastsTable(
  view: View,
  orders: readonly (readonly Visit[])[],
  progress: (text: string) => void,
): string {
  const runs = orders.map((visits, index) => {
    const start = performance.now()
    const run = streamForecasts(view, visits, seedRng(`${view.name} ${index} forecasts`))
    progress(
      `${view.name} forecasts ${index + 1}/${orders.length}: ${((performance.now() - start) / 1000).toFixed(1)} s`,
    )
    return run
  })
  const names = [...(runs[0]?.keys() ?? [])]
  const of = (name: string) => runs.map(run => run.get(name)!)
  const lines = names.map(name => [
    name,
    ...[aucOf, brierOf].map(measure => estimateText(estimate(of(name).map(measure)))),
    calibrationOf(of(name).flat()).toFixed(3),
    ...[aucOf, brierOf].map(measure => estimateText(estimate(of(name).map(run => measure(secondHalf(run)))))),
  ])
  const difference = (measure: (run: readonly Scored[]) => number): Estimate =>
    pairedDifference(of(ours).map(measure), of(plain).map(measure))
  const gain = `${ours} less ${plain}: AUC ${estimateText(difference(aucOf), 4, true)}, Brier ${estimateText(difference(brierOf), 4, true)}`
  const floor = offlineFloors[view.name]
  const title = `${view.name} · forecasts, one arm drawn evenly per visit · ${view.arms.length} arms · ${orders.length} orders of ${orders[0]?.length ?? 0} rounds`
  const headings = ['forecaster', 'AUC', 'Brier', 'calibration', 'AUC, 2nd half', 'Brier, 2nd half']
  return [
    title,
    ...align([headings, ...lines]),
    gain,
    ...(floor ? [`offline floor, every arm seen: AUC ${floor.auc}, Brier ${floor.brier}`] : []),
  ].join('\n')
}

const secondHalf = (run: readonly Scored[]) => run.slice(Math.floor(run.length / 2))

/** NaN where all or none of the outcomes are successes. */
function aucOf(run: readonly Scored[]): number {
  return (
    auc(
      run.map(({ pSuccess }) => pSuccess),
      run.map(({ isSuccess }) => isSuccess),
    ) ?? Number.NaN
  )
}

function brierOf(run: readonly Scored[]): number {
  return brier(...pairs(run)) ?? Number.NaN
}

function calibrationOf(run: readonly Scored[]): number {
  return calibrationError(...pairs(run), 10) ?? Number.NaN
}

function pairs(run: readonly Scored[]): [number[], number[]] {
  return [run.map(({ forecast }) => forecast), run.map(({ target }) => target)]
}
