import type { OperationName } from '../../../engine/operation-summaries.ts'
import type { OutputOf } from '../../../engine/operations.ts'
import { renderChoice, renderPredictions, renderRecommendation } from './arms.ts'
import { renderCalibration } from './calibration.ts'
import { renderCompatList, renderCompatScores } from './compat.ts'
import { renderExplanation } from './explanation.ts'
import {
  renderAnalytics,
  renderHistory,
  renderLearned,
  renderLearnStatus,
  renderQTable,
  renderStrategy,
  renderTraining,
} from './learning.ts'
import { renderMetrics, renderRates, renderSolutions } from './metrics.ts'
import { renderPareto } from './pareto.ts'
import { renderPolicyEvaluation } from './policy.ts'
import { renderReplay, renderStatus, renderWritten } from './reports.ts'
import { renderSimilar } from './similar.ts'
import {
  renderBaseline,
  renderBaselines,
  renderComparison,
  renderComplexity,
  renderImportance,
  renderModel,
  renderModels,
  renderRegret,
} from './track.ts'
import { renderUsage } from './usage.ts'

/** How people see the answer of each operation. */
export const renderers: { readonly [Name in OperationName]: (output: OutputOf<Name>) => string } = {
  decide: renderChoice,
  observe: renderWritten('Outcome'),
  record: renderWritten('Execution'),
  step: renderWritten('Step'),
  feedback: renderWritten('Feedback'),
  recommend: renderRecommendation,
  predict: renderPredictions,
  similar: renderSimilar,
  explain: renderExplanation,
  metrics: renderMetrics,
  solutions: renderSolutions,
  rates: renderRates,
  pareto: renderPareto,
  calibration: renderCalibration,
  'policy evaluate': renderPolicyEvaluation,
  regret: renderRegret,
  usage: renderUsage,
  complexity: renderComplexity,
  importance: renderImportance,
  'models list': renderModels,
  'models save': renderModel,
  'models use': renderModels,
  'models drop': renderModels,
  'baseline list': renderBaselines,
  'baseline freeze': renderBaseline,
  'baseline compare': renderComparison,
  'baseline drop': renderBaselines,
  status: renderStatus,
  replay: renderReplay,
  train: renderTraining,
  'learn status': renderLearnStatus,
  'learn analytics': renderAnalytics,
  'learn history': renderHistory,
  'learn q-table': renderQTable,
  'learn recommend': renderStrategy,
  'learn execution': renderLearned,
  'compat list': renderCompatList,
  'compat score': renderCompatScores,
}
