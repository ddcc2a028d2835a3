import type { OutputOf } from '../../engine/operations.ts'
import type { Estimate } from '../../records.ts'
import type { ToolName } from './tools.ts'

/** What an answer says in a line or two, for models that read only the text. Everything else is in the structure. */
export const texts: { readonly [Name in ToolName]: (output: OutputOf<Name>) => string } = {
  decide: ({ arm, decisionId, prediction, evidence }) =>
    `Use ${arm}. Then report with observe, decisionId ${decisionId}. Expected success ${percent(prediction?.pSuccess)}. ${evidence.summary}`,
  observe: written('Outcome'),
  record: written('Execution'),
  feedback: written('Rating'),
  recommend: ({ arms, armsLeftOut }) =>
    arms.length === 0
      ? 'No arm is known.'
      : `${arms.map(({ arm, prediction }) => `${arm} (success ${percent(prediction?.pSuccess)})`).join(', ')}${
          armsLeftOut > 0 ? `, and ${armsLeftOut} more` : ''
        }, best first.`,
  predict: arms =>
    arms
      .slice(0, 10)
      .map(({ arm, pSuccess, durationMs }) => `${arm}: success ${percent(pSuccess)}, ${seconds(durationMs.value)}`)
      .join('; ') || 'No arm is known.',
  similar: tasks =>
    tasks.length === 0
      ? 'No past task is similar enough.'
      : tasks
          .slice(0, 5)
          .map(({ similarity, execution: { arm, success, task } }) => {
            const ending = success === null ? 'unknown' : success ? 'solved' : 'failed'
            return `${similarity.toFixed(2)} ${arm ?? 'unknown arm'}, ${ending}: ${short(task)}`
          })
          .join('\n'),
  metrics: ({ groups }) => `${groups.length} groups; see the structured content.`,
  status: ({ executions, arms, withOutcome, inFlight, stage, enabled }) =>
    `${enabled ? `Stage ${stage}` : 'Switched off'}. ${executions} executions of ${arms} arms, ${withOutcome} with an outcome, ${inFlight} awaited.`,
  explain: ({ reasons }) => reasons.join(' '),
}

function written(what: string) {
  return ({ status, executionId, awaitsDecision }: OutputOf<'observe'>) => {
    const did = {
      stored: 'recorded',
      duplicate: 'was on record already',
      disabled: 'not recorded: Tacit is switched off',
    }
    return `${what} ${did[status]} for ${executionId}.${awaitsDecision ? ' No decision of this id is on record yet.' : ''}`
  }
}

/** Unknown where nothing was observed: a first guess would look like knowledge. */
const percent = (share: Pick<Estimate, 'value' | 'nEff'> | undefined) =>
  share == null || share.value === null || share.nEff === 0 ? 'unknown' : `${Math.round(share.value * 100)} %`
const seconds = (ms: number | null) => (ms === null ? 'duration unknown' : `${(ms / 1000).toFixed(1)} s`)
const short = (text: string | null) => (text ?? '').replace(/\s+/g, ' ').slice(0, 100)
