import { basename } from 'node:path'
import type { RecordInput } from '../../records.ts'
import { type Call, Chain, type Work } from './chain.ts'
import { type Entry, isDelegation, readEntry, word } from './entry.ts'
import { type ArmKind, armOf, executionIds, mainAgent } from './ids.ts'
import { elapsed, nameOf, testedSuccess, toolStep } from './tool-step.ts'

/** What a session's logs hold. */
export interface SessionHistory {
  readonly executions: readonly {
    readonly record: RecordInput
    /** The id under which a hook may have recorded the same already. */
    readonly liveId: string | null
  }[]
  /** Work that may still go on: it is taken once it has ended. */
  readonly unfinished: number
}

/** Work without a word of its end counts as ended after this long; longer where a tool is still awaited. */
const settledAfterMs = 15 * 60_000
const abandonedAfterMs = 24 * 3_600_000
const endings: ReadonlySet<string | null> = new Set(['end_turn', 'stop_sequence', 'max_tokens', 'refusal'])

/** Puts the lines of one session, its sub-agents' included, together to executions. Lines are not held. */
export class SessionLog {
  readonly #sessionId: string
  readonly #chains = new Map<string, Chain>()
  readonly #sideOf = new Map<string, string>()
  readonly #endedAgents = new Map<string, string | null>()

  constructor(sessionId: string) {
    this.#sessionId = sessionId
  }

  /** Takes one line in; returns what kind it is if there is nothing in it to keep, else null. */
  add(text: string): string | null {
    const entry = readEntry(text)
    if (entry.kind === 'skipped') return entry.what
    if (entry.kind === 'agentEnded') this.#endedAgents.set(entry.endedAgentId!, entry.status)
    const isKept = this.#chainOf(entry).add(entry)
    return isKept || entry.kind === 'agentEnded' ? null : `${entry.kind} before any prompt`
  }

  /** Everything that has ended by `nowMs`, in the order of its prompts. */
  history(nowMs: number, armKind: ArmKind): SessionHistory {
    const chains = [...this.#chains.values()]
    const calls = chains.flatMap(({ work }) => work.flatMap(one => [...one.calls.values()]))
    const delegations = calls.filter(({ use }) => isDelegation(use.name))
    const taken = new Set<Call>()
    const executions: { record: RecordInput; liveId: string | null }[] = []
    let unfinished = 0
    const take = (work: Work, isOver: boolean, make: () => RecordInput, liveId: string | null = null) => {
      if (isOver || hasEnded(work, nowMs)) executions.push({ record: make(), liveId })
      else unfinished += 1
    }
    const said = new Map<string, number>()
    for (const chain of chains) {
      for (const work of chain.work) {
        const { text } = work.prompt
        const occurrence = said.get(text) ?? 0
        if (chain.isMain) said.set(text, occurrence + 1)
        if (work.messages === 0) continue
        if (chain.isMain) {
          const isFollowed = work !== chain.work.at(-1)
          const liveId = executionIds.words(this.#sessionId, text, occurrence)
          take(work, isFollowed, () => this.#turn(work, armKind), liveId)
        } else {
          const call = delegations.find(one => !taken.has(one) && belongs(one, chain, work)) ?? null
          if (call !== null) taken.add(call)
          const isOver = isAnswered(call) || this.#endedAgents.has(chain.agentId ?? '')
          take(work, isOver, () => this.#agent(chain, work, call, armKind))
        }
      }
    }
    for (const call of delegations) {
      if (!taken.has(call) && isAnswered(call) && call.result!.agent !== null) {
        executions.push({ record: this.#unseenAgent(call, armKind), liveId: null })
      }
    }
    executions.sort((a, b) => Number(a.record.at) - Number(b.record.at))
    return { executions, unfinished }
  }

  #chainOf(entry: Entry): Chain {
    const key = this.#keyOf(entry)
    const known = this.#chains.get(key)
    if (known !== undefined) return known
    const chain = new Chain(entry.agentId, key === 'main')
    this.#chains.set(key, chain)
    return chain
  }

  /** Old versions mix the lines of sub-agents into the session's own: they hang together by their parents. */
  #keyOf({ agentId, isSidechain, uuid, parentUuid }: Entry): string {
    if (agentId !== null) return `agent ${agentId}`
    if (!isSidechain) return 'main'
    const key = this.#sideOf.get(parentUuid ?? '') ?? `side ${uuid}`
    if (uuid !== null) this.#sideOf.set(uuid, key)
    return key
  }

  #turn(work: Work, armKind: ArmKind): RecordInput {
    const { promptId, uuid, atMs } = work.prompt
    const id = executionIds.prompt(promptId ?? uuid ?? `${this.#sessionId}/${atMs}`)
    return this.#record(id, work, mainAgent, armKind, null)
  }

  #agent(chain: Chain, work: Work, call: Call | null, armKind: ArmKind): RecordInput {
    const id =
      chain.agentId !== null
        ? executionIds.agent(this.#sessionId, chain.agentId)
        : call !== null
          ? executionIds.task(call.use.id)
          : executionIds.task(work.prompt.uuid ?? `${this.#sessionId}/${work.prompt.atMs}`)
    const agent = (call && word(call.use.input.subagent_type)) ?? work.agentType ?? 'unknown agent'
    return this.#record(id, work, agent, armKind, call)
  }

  #record(executionId: string, work: Work, agent: string, armKind: ArmKind, call: Call | null): RecordInput {
    const result = call?.result ?? null
    const model = result?.agent?.model ?? work.model
    const steps = [...work.calls.values()].map((one, seq) => ({ seq, ...stepOf(executionId, one) }))
    const usage = work.usage ?? result?.agent?.usage ?? null
    const { prompt } = work
    const status = prompt.agentId === null ? undefined : this.#endedAgents.get(prompt.agentId)
    const failure = failureOf(work, result, status)
    const tested = testedSuccess(steps)
    return {
      executionId,
      task: prompt.text.toWellFormed(),
      arm: armOf(agent, model, armKind),
      at: prompt.atMs,
      durationMs: result?.agent?.durationMs ?? elapsed(prompt.atMs, work.lastAtMs),
      success: failure === null ? tested : false,
      ...(failure === null ? (tested === null ? {} : { provenance: 'test' as const }) : { error: failure }),
      ...(work.costUsd === null ? {} : { costUsd: work.costUsd }),
      ...(usage === null ? {} : { resources: tokensOf(usage) }),
      ...(this.#sessionId === '' ? {} : { sessionId: nameOf(this.#sessionId) }),
      ...contextOf(prompt.cwd),
      metadata: {
        source: 'claude-code',
        ...(prompt.version === null ? {} : { version: prompt.version.slice(0, 40).toWellFormed() }),
        ...(work.isInterrupted ? { interrupted: true } : {}),
        ...(work.cutCalls === 0 ? {} : { stepsLeftOut: work.cutCalls }),
        ...(usage === null ? {} : { cacheReadTokens: usage.cacheReadTokens }),
      },
      steps,
    }
  }

  /** A sub-agent whose own log is gone: what the call that started it tells. */
  #unseenAgent(call: Call, armKind: ArmKind): RecordInput {
    const { use, startedAtMs } = call
    const { agent, atMs, isError, message } = call.result!
    const id = agent!.agentId === null ? executionIds.task(use.id) : executionIds.agent(this.#sessionId, agent!.agentId)
    return {
      executionId: id,
      task: word(use.input.prompt)?.toWellFormed() ?? 'unknown task',
      arm: armOf(word(use.input.subagent_type) ?? 'unknown agent', agent!.model ?? word(use.input.model), armKind),
      at: startedAtMs,
      durationMs: agent!.durationMs ?? elapsed(startedAtMs, atMs),
      success: isError ? false : null,
      ...(isError ? { error: { type: 'crash' as const, message: message ?? '' } } : {}),
      ...(agent!.usage === null ? {} : { resources: tokensOf(agent!.usage) }),
      sessionId: nameOf(this.#sessionId),
      metadata: { source: 'claude-code' },
    }
  }
}

function belongs({ use, result }: Call, { agentId }: Chain, { prompt }: Work): boolean {
  const known = result?.agent?.agentId ?? null
  if (agentId !== null && known !== null) return agentId === known
  return word(use.input.prompt)?.trim() === prompt.text.trim()
}

/** Whether the sub-agent that the call started has come back (one in the background has not, though its call has). */
function isAnswered(call: Call | null): boolean {
  const result = call?.result ?? null
  return result !== null && !result.isDenied && result.agent?.status !== 'async_launched'
}

function hasEnded({ last, hasOpenCalls, lastAtMs, isInterrupted }: Work, nowMs: number): boolean {
  if (isInterrupted || last?.apiError != null) return true
  if (!hasOpenCalls && last !== null && last.toolUses.length === 0 && endings.has(last.stopReason)) return true
  return nowMs - lastAtMs > (hasOpenCalls ? abandonedAfterMs : settledAfterMs)
}

/** How the work failed, where the log shows that it did. Work that was broken off is neither failed nor done. */
function failureOf(work: Work, result: Call['result'], status: string | null | undefined) {
  if (work.isInterrupted || result?.isDenied) return null
  const apiError = work.last?.apiError ?? null
  if (apiError !== null) {
    return { type: apiError === 'timeout' ? ('timeout' as const) : nameOf(`other:${apiError}`, 100) }
  }
  if (result?.isError) return { type: 'crash' as const, message: result.message ?? '' }
  return status === 'failed' ? { type: 'crash' as const, message: 'The sub-agent failed.' } : null
}

function stepOf(executionId: string, { use, startedAtMs, result }: Call) {
  return toolStep({
    executionId,
    toolUseId: use.id,
    name: use.name,
    input: use.input,
    status: result === null || result.isDenied ? 'cancelled' : result.isError ? 'error' : 'ok',
    message: result?.message ?? null,
    startedAtMs,
    durationMs: result === null ? null : (result.durationMs ?? elapsed(startedAtMs, result.atMs)),
  })
}

/** Everything that was read counts as input, whether it came from a cache or not. */
const tokensOf = (usage: {
  inputTokens: number
  cacheReadTokens: number
  cacheCreationTokens: number
  outputTokens: number
}) => ({
  inputTokens: usage.inputTokens + usage.cacheReadTokens + usage.cacheCreationTokens,
  outputTokens: usage.outputTokens,
})

function contextOf(cwd: string | null) {
  const repository = cwd === null ? '' : basename(cwd.replaceAll('\\', '/'))
  return repository === '' ? {} : { context: { repository: nameOf(repository) } }
}
