import { hash53 } from '../../math/hash.ts'
import { nameOf } from './tool-step.ts'

/**
 * Ids of executions from Claude Code. A log and a hook that tell of the same work give the same id, so that it is
 * recorded once.
 */
export const executionIds = {
  /** What the main conversation did about one prompt. */
  prompt: (promptId: string) => nameOf(`claude-code/prompt/${promptId}`, 120),
  /** The same, where its id is not told: the `occurrence`-th time (from 0) that these words were said in the session. */
  words: (sessionId: string, text: string, occurrence: number) =>
    nameOf(`claude-code/${sessionId}/words/${hash53(text.trim()).toString(36)}/${occurrence}`, 120),
  /** A sub-agent that has an id. */
  agent: (sessionId: string, agentId: string) => nameOf(`claude-code/${sessionId}/agent/${agentId}`, 120),
  /** A sub-agent of older versions: known only by the call that started it. */
  task: (toolUseId: string) => nameOf(`claude-code/task/${toolUseId}`, 120),
}

/** The main conversation, as an agent. */
export const mainAgent = 'claude-code'

/** What an arm stands for in imported history. */
export const armKinds = ['agent', 'model', 'agent+model'] as const
export type ArmKind = (typeof armKinds)[number]

/** The arm of an agent that ran on a model. */
export function armOf(agent: string, model: string | null, kind: ArmKind) {
  const facets = { agent: nameOf(agent), ...(model === null ? {} : { model: nameOf(model) }) }
  const names = { agent: facets.agent, model: facets.model ?? 'unknown model' }
  const id = kind === 'agent' ? names.agent : kind === 'model' ? names.model : `${names.agent}@${names.model}`
  return { id: nameOf(id, 256), facets }
}
