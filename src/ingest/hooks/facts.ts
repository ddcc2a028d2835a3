import { basename } from 'node:path'
import type { OutcomeInput, RecordInput, StepInput } from '../../records.ts'
import { isDelegation, word } from '../transcripts/entry.ts'
import { armOf, executionIds, mainAgent } from '../transcripts/ids.ts'
import { elapsed, idPart, nameOf, testedSuccess, toolStep } from '../transcripts/tool-step.ts'
import type { HookEvent } from './event.ts'

/** What is to be written because of an event. */
export type HookWrite =
  | { readonly kind: 'record'; readonly record: RecordInput & { executionId: string } }
  | { readonly kind: 'step'; readonly executionId: string; readonly step: StepInput }
  | { readonly kind: 'outcome'; readonly executionId: string; readonly outcome: OutcomeInput }

/** What must be remembered from one event to the next: the work that goes on. Plain data, bounded, and no more than a help. */
export interface HookState {
  readonly turns: Record<string, Ongoing>
  readonly agents: Record<string, Ongoing & { readonly type: string | null; known?: boolean; stoppedAtMs?: number }>
}

interface Ongoing {
  readonly executionId: string
  readonly startedAtMs: number
  tested: boolean | null
}

export const emptyState = (): HookState => ({ turns: {}, agents: {} })
const maxRemembered = 200

/**
 * Turns events into what is to be written, one after the other.
 * @param findTurn the id of a turn whose prompt has no id: the first of the numbered ids that is free, or was given to it.
 */
export class HookReader {
  readonly state: HookState
  readonly #findTurn: (idOf: (occurrence: number) => string, atMs: number) => Promise<string>

  constructor(state: HookState, findTurn: (idOf: (occurrence: number) => string, atMs: number) => Promise<string>) {
    this.state = state
    this.#findTurn = findTurn
  }

  async read(event: HookEvent): Promise<HookWrite[]> {
    switch (event.event) {
      case 'UserPromptSubmit':
        return this.#asked(event)
      case 'PostToolUse':
      case 'PostToolUseFailure':
        return this.#usedTool(event)
      case 'SubagentStart':
        this.#rememberAgent(event)
        return []
      case 'SubagentStop':
        return this.#agentStopped(event)
      default:
        return this.#turnEnded(event)
    }
  }

  async #asked(event: HookEvent): Promise<HookWrite[]> {
    const { sessionId, promptId, text, atMs } = event
    if (text === null || text.trim() === '') return []
    const idOf = (occurrence: number) => executionIds.words(sessionId, text, occurrence)
    const executionId = promptId === null ? await this.#findTurn(idOf, atMs) : executionIds.prompt(promptId)
    remember(this.state.turns, turnKey(sessionId), { executionId, startedAtMs: atMs, tested: null })
    return [{ kind: 'record', record: started(event, executionId, text, armOf(mainAgent, null, 'agent'), atMs) }]
  }

  #usedTool(event: HookEvent): HookWrite[] {
    const { tool, agentId, sessionId, atMs } = event
    if (tool === null) return []
    const ongoing = agentId === null ? this.state.turns[turnKey(sessionId)] : this.#rememberAgent(event)
    const executionId = this.#executionOf(event)
    const step = toolStep({
      executionId,
      toolUseId: tool.id,
      name: tool.name,
      input: tool.input,
      status: tool.status,
      message: tool.message,
      startedAtMs: tool.durationMs === null ? atMs : Math.max(0, atMs - tool.durationMs),
      durationMs: tool.durationMs,
    })
    if (ongoing !== undefined) {
      const says = step.metadata?.test === true || step.metadata?.edits === true
      if (says) ongoing.tested = testedSuccess([step])
    }
    const delegated = isDelegation(tool.name) && tool.status !== 'cancelled' ? this.#delegated(event) : []
    return [{ kind: 'step', executionId, step }, ...delegated]
  }

  /** The call that started a sub-agent tells its task; unless the agent works on in the background, also how it went. */
  #delegated(event: HookEvent): HookWrite[] {
    const { tool, sessionId, atMs } = event
    const { input, agent, status, message, durationMs: tookMs } = tool!
    const task = word(input.prompt)
    if (task === null) return []
    const agentId = agent?.agentId ?? null
    const executionId = agentId === null ? executionIds.task(tool!.id) : executionIds.agent(sessionId, agentId)
    const known = agentId === null ? undefined : this.state.agents[agentKey(sessionId, agentId)]
    const durationMs = agent?.durationMs ?? tookMs ?? elapsed(known?.startedAtMs ?? null, atMs)
    const arm = armOf(word(input.subagent_type) ?? 'unknown agent', agent?.model ?? word(input.model), 'agent')
    const record = started(event, executionId, task, arm, known?.startedAtMs ?? Math.max(0, atMs - (durationMs ?? 0)))
    if (agentId !== null && agent?.status === 'async_launched') {
      const ongoing = known ?? this.#remember(sessionId, agentId, word(input.subagent_type), atMs)
      ongoing.known = true
      return [{ kind: 'record', record }]
    }
    if (agentId !== null) delete this.state.agents[agentKey(sessionId, agentId)]
    const tested = status === 'error' ? false : (known?.tested ?? null)
    const usage = agent?.usage ?? null
    const result = {
      ...record,
      durationMs,
      success: tested,
      ...(status === 'error' ? { error: { type: 'crash' as const, message: message ?? '' } } : {}),
      ...(status !== 'error' && tested !== null ? { provenance: 'test' as const } : {}),
      ...(usage === null
        ? {}
        : {
            resources: {
              inputTokens: usage.inputTokens + usage.cacheReadTokens + usage.cacheCreationTokens,
              outputTokens: usage.outputTokens,
            },
          }),
    }
    return [{ kind: 'record', record: result }]
  }

  #agentStopped(event: HookEvent): HookWrite[] {
    const { sessionId, agentId, agentType, text, atMs } = event
    const known = this.#rememberAgent(event)
    if (agentId === null || known === undefined) return []
    known.stoppedAtMs = atMs
    const executionId = executionIds.agent(sessionId, agentId)
    const writes: HookWrite[] = []
    if (text !== null && known.known !== true) {
      const arm = armOf(agentType ?? known.type ?? 'unknown agent', null, 'agent')
      writes.push({ kind: 'record', record: started(event, executionId, text, arm, known.startedAtMs) })
      known.known = true
    }
    // A task that nobody has told cannot be recorded; the call that started the agent may tell it yet.
    if (known.known) {
      const durationMs = known.startedAtMs === atMs ? null : elapsed(known.startedAtMs, atMs)
      writes.push({ kind: 'outcome', executionId, outcome: ended(executionId, known, atMs, durationMs) })
    }
    return writes
  }

  #turnEnded(event: HookEvent): HookWrite[] {
    const { sessionId, atMs, error } = event
    const writes = this.#strayAgents(event)
    const turn = this.state.turns[turnKey(sessionId)]
    if (turn === undefined) return writes
    const outcome = ended(turn.executionId, turn, atMs, elapsed(turn.startedAtMs, atMs))
    const failed = { success: false, error: { type: nameOf(`other:${error}`, 100) }, provenance: undefined }
    writes.push({
      kind: 'outcome',
      executionId: turn.executionId,
      outcome: error === null ? outcome : { ...outcome, ...failed },
    })
    return writes
  }

  /** Sub-agents that came and went without anybody telling their task: steps of the turn, so that they are seen. */
  #strayAgents(event: HookEvent): HookWrite[] {
    const executionId = this.#executionOf({ ...event, agentId: null })
    const writes: HookWrite[] = []
    for (const [key, { type, startedAtMs, stoppedAtMs, known }] of Object.entries(this.state.agents)) {
      if (!key.startsWith(`${event.sessionId}/`) || stoppedAtMs === undefined) continue
      delete this.state.agents[key]
      if (known) continue
      const durationMs = startedAtMs === stoppedAtMs ? null : elapsed(startedAtMs, stoppedAtMs)
      const step = {
        stepId: `${executionId}/sub-agent/${idPart(key.slice(event.sessionId.length + 1))}`,
        kind: 'agent',
        name: nameOf(type ?? 'unknown agent'),
        startedAt: startedAtMs,
        ...(durationMs === null ? {} : { durationMs }),
      }
      writes.push({ kind: 'step', executionId, step })
    }
    return writes
  }

  /** Where a step belongs; without a known prompt the session itself stands for it. */
  #executionOf({ sessionId, agentId, promptId }: HookEvent): string {
    if (agentId !== null) return executionIds.agent(sessionId, agentId)
    if (promptId !== null) return executionIds.prompt(promptId)
    return this.state.turns[turnKey(sessionId)]?.executionId ?? executionIds.session(sessionId)
  }

  #rememberAgent({ sessionId, agentId, agentType, atMs }: HookEvent) {
    if (agentId === null) return undefined
    return this.state.agents[agentKey(sessionId, agentId)] ?? this.#remember(sessionId, agentId, agentType, atMs)
  }

  #remember(sessionId: string, agentId: string, type: string | null, startedAtMs: number) {
    const executionId = executionIds.agent(sessionId, agentId)
    const ongoing: HookState['agents'][string] = { executionId, startedAtMs, tested: null, type }
    return remember(this.state.agents, agentKey(sessionId, agentId), ongoing)
  }
}

// Keys with a slash are never the name of something that every object has.
const turnKey = (sessionId: string) => `${sessionId}/`
const agentKey = (sessionId: string, agentId: string) => `${sessionId}/${agentId}`

/** The oldest are forgotten first. */
function remember<T>(all: Record<string, T>, key: string, value: T): T {
  delete all[key]
  const keys = Object.keys(all)
  if (keys.length >= maxRemembered) delete all[keys[0]!]
  all[key] = value
  return value
}

function started(event: HookEvent, executionId: string, task: string, arm: RecordInput['arm'], at: number) {
  const repository = basename((event.cwd ?? '').replaceAll('\\', '/'))
  return {
    executionId,
    task,
    arm,
    at,
    sessionId: nameOf(event.sessionId),
    ...(repository === '' ? {} : { context: { repository: nameOf(repository) } }),
    metadata: { source: 'claude-code' },
  }
}

function ended(executionId: string, work: Ongoing | undefined, at: number, durationMs: number | null): OutcomeInput {
  const success = work?.tested ?? null
  return {
    outcomeId: `${executionId}/stop/${at}`,
    at,
    success,
    ...(success === null ? {} : { provenance: 'test' }),
    ...(durationMs === null ? {} : { durationMs }),
  }
}
