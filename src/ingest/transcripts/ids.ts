import { hash53 } from '../../math/hash.ts'
import { idPart, nameOf } from './tool-step.ts'

/**
 * Ids of executions from Claude Code. A log and a hook that tell of the same work give the same id, so that it is
 * recorded once.
 */
export const executionIds = {
  /** What the main conversation did about one prompt. */
  prompt: (promptId: string) => `claude-code/prompt/${idPart(promptId)}`,
  /** The same, where its id is not told: the `occurrence`-th time (from 0) that these words were said in the session. */
  words: (sessionId: string, text: string, occurrence: number) =>
    `claude-code/${idPart(sessionId)}/words/${hash53(text.trim()).toString(36)}/${occurrence}`,
  /** A sub-agent that has an id. */
  agent: (sessionId: string, agentId: string) => `claude-code/${idPart(sessionId)}/agent/${idPart(agentId)}`,
  /** A sub-agent of older versions: known only by the call that started it. */
  task: (toolUseId: string) => `claude-code/task/${idPart(toolUseId)}`,
  /** Work of a session whose prompt was not seen. */
  session: (sessionId: string) => `claude-code/${idPart(sessionId)}`,
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
