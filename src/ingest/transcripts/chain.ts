import type { Entry, Message, Prompt, ToolResult, ToolUse, Usage } from './entry.ts'

/** A call of a tool with its answer, if that has come. */
export interface Call {
  readonly use: ToolUse
  readonly startedAtMs: number
  result: (ToolResult & { readonly atMs: number }) | null
}

/** Work on one prompt: what was asked, and everything that followed it. */
export class Work {
  readonly prompt: Prompt
  readonly calls = new Map<string, Call>()
  lastAtMs: number
  isInterrupted = false
  model: string | null = null
  agentType: string | null = null
  /** The last line, as far as it says whether the work has ended. */
  last: Message | null = null
  messages = 0
  cutCalls = 0
  readonly #usage = new Map<string, Usage>()
  #costUsd = 0
  #hasCost = true

  constructor(prompt: Prompt) {
    this.prompt = prompt
    this.lastAtMs = prompt.atMs
  }

  add(entry: Entry): void {
    if (entry.kind !== 'agentEnded') this.lastAtMs = Math.max(this.lastAtMs, entry.atMs)
    if (entry.kind === 'message') this.#said(entry)
    else if (entry.kind === 'results') this.#answered(entry.results, entry.atMs)
    else if (entry.kind === 'interrupted') this.isInterrupted = true
    if (entry.kind === 'results' || entry.kind === 'prompt') this.last = null
  }

  /** Tokens of all messages; null where no message told. Lines of one message repeat its usage, the last is complete. */
  get usage(): Usage | null {
    if (this.#usage.size === 0) return null
    const sum = { inputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0, outputTokens: 0 }
    for (const usage of this.#usage.values()) {
      for (const name of Object.keys(sum) as (keyof Usage)[]) sum[name] += usage[name]
    }
    return sum
  }

  /** Null unless every message told its cost. */
  get costUsd(): number | null {
    return this.#hasCost && this.messages > 0 ? this.#costUsd : null
  }

  get hasOpenCalls(): boolean {
    return [...this.calls.values()].some(({ result }) => result === null)
  }

  #said(message: Message): void {
    this.messages += 1
    this.last = message
    this.model = message.model ?? this.model
    this.agentType ??= message.agentType
    if (message.costUsd === null) this.#hasCost = false
    else this.#costUsd += message.costUsd
    if (message.usage !== null) this.#usage.set(message.messageId ?? message.uuid ?? `${this.messages}`, message.usage)
    for (const use of message.toolUses) {
      if (this.calls.has(use.id)) continue
      if (this.calls.size < maxCalls) this.calls.set(use.id, { use, startedAtMs: message.atMs, result: null })
      else this.cutCalls += 1
    }
  }

  #answered(results: readonly ToolResult[], atMs: number): void {
    for (const result of results) {
      const call = this.calls.get(result.toolUseId)
      if (call !== undefined) call.result ??= { ...result, atMs }
    }
  }
}

/** An execution keeps this many steps; further calls are counted. */
const maxCalls = 5000

/** One conversation: the main one, or that of a sub-agent. */
export class Chain {
  readonly agentId: string | null
  readonly isMain: boolean
  readonly work: Work[] = []

  constructor(agentId: string | null, isMain: boolean) {
    this.agentId = agentId
    this.isMain = isMain
  }

  /** False if the entry belongs to no prompt that was seen. */
  add(entry: Entry): boolean {
    const current = this.work.at(-1)
    if (entry.kind === 'prompt' && (current === undefined || (this.isMain && !isSamePrompt(current.prompt, entry)))) {
      this.work.push(new Work(entry))
      return true
    }
    current?.add(entry)
    return current !== undefined
  }
}

function isSamePrompt(a: Prompt, b: Prompt): boolean {
  return a.promptId === null ? a.uuid !== null && a.uuid === b.uuid : a.promptId === b.promptId
}
