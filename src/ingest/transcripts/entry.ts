/**
 * One line of a Claude Code session log as far as it matters here. The format is not a documented interface and changes
 * with every version: each field is taken where it is and has the right type, and is unknown otherwise.
 */
export type Entry = Prompt | Message | Results | Notice

interface Line {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly uuid: string | null
  readonly parentUuid: string | null
  readonly sessionId: string | null
  /** The sub-agent that the line belongs to; null for the main conversation and in old versions. */
  readonly agentId: string | null
  readonly isSidechain: boolean
  readonly promptId: string | null
  readonly cwd: string | null
  readonly version: string | null
}

/** What a person, or the agent that delegates, asks for. */
export interface Prompt extends Line {
  readonly kind: 'prompt'
  readonly text: string
}

/** What the model said; one message may come in several lines that share its id. */
export interface Message extends Line {
  readonly kind: 'message'
  readonly messageId: string | null
  readonly model: string | null
  readonly usage: Usage | null
  readonly costUsd: number | null
  readonly toolUses: readonly ToolUse[]
  readonly stopReason: string | null
  /** The name of the error if the line stands for a failed call of the model; null otherwise. */
  readonly apiError: string | null
  /** The kind of sub-agent, where newer versions name it. */
  readonly agentType: string | null
}

export interface Usage {
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheCreationTokens: number
  readonly outputTokens: number
}

export interface ToolUse {
  readonly id: string
  readonly name: string
  readonly input: Fields
}

/** What tools answered. */
export interface Results extends Line {
  readonly kind: 'results'
  readonly results: readonly ToolResult[]
}

export interface ToolResult {
  readonly toolUseId: string
  readonly isError: boolean
  /** The person refused the call, or broke it off. */
  readonly isDenied: boolean
  /** Beginning of what it said, kept for errors only. */
  readonly message: string | null
  readonly durationMs: number | null
  /** For a delegated task: what is told about the sub-agent. */
  readonly agent: AgentResult | null
}

export interface AgentResult {
  readonly agentId: string | null
  /** completed, async_launched … */
  readonly status: string | null
  readonly durationMs: number | null
  readonly model: string | null
  readonly usage: Usage | null
}

/** The person broke off, or a background agent ended. */
export interface Notice extends Line {
  readonly kind: 'interrupted' | 'agentEnded'
  readonly endedAgentId: string | null
  readonly status: string | null
}

export type Fields = Readonly<Record<string, unknown>>

/** A line that holds nothing to keep, with the name of its kind for the report. */
export interface Skipped {
  readonly kind: 'skipped'
  readonly what: string
}

const maxMessage = 300
const maxText = 100_000

/** Reads one line. What is not understood is named, never refused: the next line may be fine. */
export function readEntry(text: string): Entry | Skipped {
  const value = fromJson(text)
  if (value === null) return skipped('not a JSON object')
  const type = word(value.type)
  if (type !== 'user' && type !== 'assistant') return skipped(nameOfKind(value, type))
  const message = fields(value.message)
  const atMs = Date.parse(word(value.timestamp) ?? '')
  if (message === null) return skipped(`${type} without a message`)
  if (!(atMs >= 0)) return skipped(`${type} without a time`)
  const line = lineOf(value, atMs)
  return type === 'user' ? readUser(value, message, line) : readAssistant(value, message, line)
}

/** A JSON object, or null for anything else. */
export function fromJson(text: string): Fields | null {
  try {
    return fields(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null
    throw error
  }
}

export const fields = (value: unknown): Fields | null =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : null
export const word = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
export const amount = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
const count = (value: unknown): number => Math.round(within(amount(value), 1e12) ?? 0)
/** Beyond what can be, a number is none. */
const within = (value: number | null, most: number) => (value !== null && value <= most ? value : null)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const skipped = (what: string): Skipped => ({ kind: 'skipped', what })

/** Names of kinds come from the file: short and printable, so that they can be shown and counted. */
function nameOfKind(value: Fields, type: string | null): string {
  const subtype = word(value.subtype)
  const name = type === null ? 'no type' : subtype === null ? type : `${type}/${subtype}`
  return name.replace(/[^\w./ -]/g, '?').slice(0, 60)
}

function lineOf(value: Fields, atMs: number): Line {
  return {
    atMs,
    uuid: word(value.uuid),
    parentUuid: word(value.parentUuid),
    sessionId: word(value.sessionId),
    agentId: word(value.agentId),
    isSidechain: value.isSidechain === true,
    promptId: word(value.promptId),
    cwd: word(value.cwd),
    version: word(value.version),
  }
}

function readUser(value: Fields, message: Fields, line: Line): Entry | Skipped {
  const blocks = list(message.content).map(fields)
  const results = blocks.filter(block => block?.type === 'tool_result')
  if (results.length > 0) {
    return { ...line, kind: 'results', results: results.flatMap(block => resultOf(block!, value, results.length)) }
  }
  const text = typeof message.content === 'string' ? message.content : blocks.map(textOf).join('\n').trim()
  if (/^\[Request interrupted by user/.test(text)) {
    return { ...line, kind: 'interrupted', endedAgentId: null, status: null }
  }
  const ended = endedAgent(text)
  if (ended !== null) return { ...line, kind: 'agentEnded', ...ended }
  if (value.isMeta === true || value.isCompactSummary === true || value.isVisibleInTranscriptOnly === true) {
    return skipped('user (added by the program)')
  }
  if (/^<(local-command|bash-|user-memory)/.test(text)) return skipped('user (local command)')
  const asked = commandOf(text) ?? text
  return asked.trim() === ''
    ? skipped('user without words')
    : { ...line, kind: 'prompt', text: asked.slice(0, maxText) }
}

function textOf(block: Fields | null): string {
  if (block?.type === 'text') return word(block.text) ?? ''
  return block?.type === 'image' ? '[image]' : ''
}

/** A slash command is kept as it was typed. */
function commandOf(text: string): string | null {
  const name = /<command-name>([^<]{1,200})<\/command-name>/.exec(text)?.[1]
  if (name === undefined) return null
  const args = /<command-args>([^<]*)<\/command-args>/.exec(text)?.[1] ?? ''
  return `${name.trim()} ${args.trim()}`.trim()
}

function endedAgent(text: string): { endedAgentId: string; status: string | null } | null {
  if (!text.startsWith('<task-notification>')) return null
  const id = /<task-id>([^<]{1,100})<\/task-id>/.exec(text)?.[1]
  if (id === undefined) return null
  return { endedAgentId: id.trim(), status: /<status>([^<]{1,40})<\/status>/.exec(text)?.[1]?.trim() ?? null }
}

function resultOf(block: Fields, line: Fields, siblings: number): ToolResult[] {
  const toolUseId = word(block.tool_use_id)
  if (toolUseId === null) return []
  const isError = block.is_error === true
  const said =
    typeof block.content === 'string' ? block.content : list(block.content).map(fields).map(textOf).join('\n')
  // Beside several results it cannot be told which one the details belong to.
  const details = siblings === 1 ? fields(line.toolUseResult) : null
  return [
    {
      toolUseId,
      isError,
      isDenied: word(line.toolDenialKind) !== null || /^The user doesn't want to (proceed|take this action)/.test(said),
      message: isError ? shortened(said) : null,
      durationMs: amount(details?.durationMs),
      agent: details === null ? null : agentResultOf(details),
    },
  ]
}

/** What a finished (or launched) sub-agent left in the result of the call that started it. */
export function agentResultOf(details: Fields): AgentResult | null {
  const agentId = word(details.agentId)
  const durationMs = amount(details.totalDurationMs)
  if (agentId === null && durationMs === null) return null
  return {
    agentId,
    status: word(details.status),
    durationMs,
    model: word(details.resolvedModel),
    usage: usageOf(details.usage),
  }
}

export const shortened = (text: string): string =>
  text
    .replace(/<\/?tool_use_error>/g, '')
    .trim()
    .slice(0, maxMessage)
    .toWellFormed()

function readAssistant(value: Fields, message: Fields, line: Line): Entry {
  const error = value.isApiErrorMessage === true ? (word(value.error) ?? 'api_error') : null
  const model = word(message.model)
  return {
    ...line,
    kind: 'message',
    messageId: word(message.id),
    model: model === '<synthetic>' ? null : model,
    // What stands for a failed call tells zeros that nobody counted.
    usage: error === null ? usageOf(message.usage) : null,
    costUsd: within(amount(value.costUSD), 1e6),
    toolUses: list(message.content).flatMap(toolUseOf),
    stopReason: word(message.stop_reason),
    apiError: error,
    agentType: word(value.attributionAgent),
  }
}

function toolUseOf(value: unknown): ToolUse[] {
  const block = fields(value)
  if (block?.type !== 'tool_use') return []
  const [id, name] = [word(block.id), word(block.name)]
  return id === null || name === null ? [] : [{ id, name, input: keptInput(name, fields(block.input) ?? {}) }]
}

/** Inputs of tools hold whole files; only what says which sub-agent, or which command, is kept. */
function keptInput(name: string, { subagent_type, prompt, model, command }: Fields): Fields {
  const text = (value: unknown) => word(value)?.slice(0, maxText)
  if (isDelegation(name)) return { subagent_type: text(subagent_type), prompt: text(prompt), model: text(model) }
  return name === 'Bash' ? { command: word(command)?.slice(0, 2000) } : {}
}

/** Whether a tool hands a task to a sub-agent. */
export const isDelegation = (tool: string): boolean => tool === 'Task' || tool === 'Agent'

function usageOf(value: unknown): Usage | null {
  const usage = fields(value)
  if (usage === null) return null
  return {
    inputTokens: count(usage.input_tokens),
    cacheReadTokens: count(usage.cache_read_input_tokens),
    cacheCreationTokens: count(usage.cache_creation_input_tokens),
    outputTokens: count(usage.output_tokens),
  }
}
