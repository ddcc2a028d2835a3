import {
  type AgentResult,
  agentResultOf,
  amount,
  type Fields,
  fields,
  isDelegation,
  shortened,
  word,
} from '../transcripts/entry.ts'

/**
 * What a hook of Claude Code told, reduced to what is kept. Contents of files and outputs of tools are never in it.
 * Fields that a version does not send are null.
 */
export interface HookEvent {
  readonly event: string
  /** When the hook ran, milliseconds since 1970. */
  readonly atMs: number
  readonly sessionId: string
  readonly promptId: string | null
  /** The sub-agent in which it happened. */
  readonly agentId: string | null
  readonly agentType: string | null
  readonly cwd: string | null
  /** The words of a prompt; for a sub-agent that has stopped, its task, if its log told it. */
  readonly text: string | null
  readonly tool: HookTool | null
  /** Why a turn failed. */
  readonly error: string | null
}

interface HookTool {
  readonly id: string
  readonly name: string
  readonly input: Fields
  readonly status: 'ok' | 'error' | 'cancelled'
  readonly message: string | null
  readonly durationMs: number | null
  readonly agent: AgentResult | null
}

/** The events that something is recorded for; others are read and left alone. */
const recordedEvents = [
  'UserPromptSubmit',
  'PostToolUse',
  'PostToolUseFailure',
  'SubagentStart',
  'SubagentStop',
  'Stop',
  'StopFailure',
] as const
const isRecorded = (event: string) => (recordedEvents as readonly string[]).includes(event)

/**
 * Reads the JSON that Claude Code gives to a hook. Null for an event that nothing is recorded for.
 * @throws TypeError for anything that is not such a JSON object.
 */
export function readHookEvent(input: unknown, atMs: number): HookEvent | null {
  const value = fields(input)
  const event = word(value?.hook_event_name)
  const sessionId = word(value?.session_id)
  if (value === null || event === null)
    throw new TypeError('The input of a hook is a JSON object with hook_event_name.')
  if (!isRecorded(event)) return null
  if (sessionId === null) throw new TypeError(`The input of ${cut(event)} has no session_id.`)
  return {
    event,
    atMs,
    sessionId: cut(sessionId),
    promptId: cutOrNull(value.prompt_id),
    agentId: cutOrNull(value.agent_id),
    agentType: cutOrNull(value.agent_type),
    cwd: cutOrNull(value.cwd, 1000),
    text: event === 'UserPromptSubmit' ? cutOrNull(value.prompt, maxText) : null,
    tool: event.startsWith('PostToolUse') ? toolOf(value, event) : null,
    error: event === 'StopFailure' ? cutOrNull(value.error ?? 'unknown') : null,
  }
}

const maxText = 100_000

function toolOf(value: Fields, event: string): HookTool | null {
  const [id, name] = [word(value.tool_use_id), word(value.tool_name)]
  if (name === null) return null
  const input = fields(value.tool_input) ?? {}
  const response = fields(value.tool_response)
  const failed = event === 'PostToolUseFailure' || response?.is_error === true
  const broken = value.is_interrupt === true || response?.interrupted === true
  const said = word(value.error) ?? word(response?.error) ?? ''
  return {
    // Without an id two calls cannot be told apart but by the moment.
    id: cut(id ?? `${event}-${cut(name, 60)}`),
    name: cut(name),
    input: keptInput(name, input),
    status: broken ? 'cancelled' : failed ? 'error' : 'ok',
    message: failed ? shortened(said) : null,
    durationMs: amount(value.duration_ms) ?? amount(response?.durationMs) ?? amount(response?.totalDurationMs),
    agent: response === null ? null : agentResultOf(response),
  }
}

function keptInput(name: string, { subagent_type, prompt, description, model, command }: Fields): Fields {
  if (isDelegation(name)) {
    return {
      subagent_type: cutOrNull(subagent_type),
      prompt: cutOrNull(prompt, maxText) ?? cutOrNull(description, maxText),
      model: cutOrNull(model),
    }
  }
  return name === 'Bash' ? { command: cutOrNull(command, 2000) } : {}
}

const cut = (text: string, longest = 200) => text.slice(0, longest).toWellFormed()
const cutOrNull = (value: unknown, longest?: number) => {
  const text = word(value)
  return text === null ? null : cut(text, longest)
}
