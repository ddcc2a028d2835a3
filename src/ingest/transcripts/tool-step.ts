import { hash53 } from '../../math/hash.ts'
import type { StepInput } from '../../records.ts'
import { amount, type Fields, isDelegation, shortened, word } from './entry.ts'

/** One call of a tool, from a log or from a hook. */
export interface ToolCall {
  readonly executionId: string
  readonly toolUseId: string
  readonly name: string
  readonly input: Fields
  readonly status: 'ok' | 'error' | 'cancelled'
  readonly message: string | null
  readonly startedAtMs: number | null
  readonly durationMs: number | null
}

/** The step that stands for the call. Its id follows from the call, so that a log and a hook tell of it once. */
export function toolStep(call: ToolCall): StepInput {
  const { executionId, toolUseId, name, input, status, message, startedAtMs, durationMs } = call
  const says = { ...(testRunner(name, input) === null ? {} : { test: true }), ...(isEdit(name) ? { edits: true } : {}) }
  return {
    stepId: stepId(executionId, toolUseId),
    kind: isDelegation(name) ? 'agent' : 'tool',
    name: nameOf(isDelegation(name) ? (word(input.subagent_type) ?? name) : name),
    status,
    ...(status === 'error' && { error: { type: errorType(message ?? ''), message: shortened(message ?? '') } }),
    ...(startedAtMs === null ? {} : { startedAt: startedAtMs }),
    ...(durationMs === null ? {} : { durationMs }),
    ...(Object.keys(says).length === 0 ? {} : { metadata: says }),
  }
}

/** Text as an arm, a tool or an id may be called: short and without control characters. */
export const nameOf = (text: string, longest = 200): string =>
  text
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, longest)
    .toWellFormed()
    .trim() || 'unnamed'

/** A foreign id as a part of ours; a very long one gives way to its hash, so that ids stay short and different. */
export function idPart(text: string): string {
  const name = nameOf(text, longestPart + 1)
  return name.length <= longestPart ? name : `${name.slice(0, 32).toWellFormed()}~${hash53(text).toString(36)}`
}
const longestPart = 48

const stepId = (executionId: string, toolUseId: string) => `${executionId}/tool/${idPart(toolUseId)}`

const errorType = (message: string) => (/timed? ?out/i.test(message) ? 'timeout' : 'unknown')
const isEdit = (name: string) => /^(Edit|MultiEdit|Write|NotebookEdit)$/.test(name)

const runner =
  /^(npx |npm exec |pnpm |yarn |bunx |uv run |poetry run |python3? -m )?(npm (run )?t(est)?\b|test\b|vitest\b|jest\b|pytest\b|unittest\b|go test\b|cargo (nextest|test)\b|mvn( \S+)* test\b|\.?\/?gradlew? (\S+ )*test\b|make (test|check)\b|rspec\b|phpunit\b|dotnet test\b|ctest\b|deno test\b|bun test\b|node --test\b)/

/**
 * The test command whose result is the result of the whole call; null if there is none. Pipes, `;`, `||` and `&` would
 * hide it, so such commands are not judged.
 */
function testRunner(name: string, input: Fields): string | null {
  const command = name === 'Bash' ? word(input.command) : null
  if (command === null) return null
  const plain = command.replace(/\d?>&\d|&?>>?\s*\S+/g, ' ').trim()
  if (/[|;\n`]|(^|[^&])&([^&]|$)/.test(plain)) return null
  const last = plain
    .split('&&')
    .at(-1)!
    .trim()
    .replace(/^(\w+=\S*\s+)+/, '')
  return runner.exec(last)?.[0] ?? null
}

/** What steps show of success: the last test run after which nothing was edited; null where there is none. */
export function testedSuccess(steps: readonly Pick<StepInput, 'status' | 'metadata'>[]): boolean | null {
  const last = steps.findLast(
    ({ status, metadata }) => metadata?.test === true || (metadata?.edits === true && status === 'ok'),
  )
  if (last?.metadata?.test !== true || last.status === 'cancelled' || last.status === 'started') return null
  return last.status === 'ok'
}

/** Duration between two moments, where both are known and in order. */
export const elapsed = (fromMs: number | null, toMs: number | null): number | null =>
  fromMs === null || toMs === null ? null : amount(toMs - fromMs)
