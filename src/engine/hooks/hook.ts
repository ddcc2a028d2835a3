import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { readHookEvent } from '../../ingest/hooks/event.ts'
import { type HookFiles, leaveEvent, noteHookError } from '../../ingest/hooks/spool.ts'
import { fromJson, readEntry, word } from '../../ingest/transcripts/entry.ts'

export { type HookFiles, hookFiles, noteHookError } from '../../ingest/hooks/spool.ts'

/** What came of one call of a hook. */
export interface HookAnswer {
  /** For Claude Code, on standard output; null: nothing to say. */
  readonly output: object | null
  /** True if this is a good moment to take the events into the database. */
  readonly isPause: boolean
}

const pauses: ReadonlySet<string> = new Set(['SessionStart', 'Stop', 'StopFailure', 'SubagentStop', 'SessionEnd'])

/**
 * Handles what Claude Code tells a hook: leaves it to be recorded and, if asked to, answers a prompt with what similar
 * past tasks show. Errors are noted and never thrown. Quick, because an agent waits: no database is opened.
 * @param maxTokens budget for advice; 0: none is given.
 */
export async function runHook(files: HookFiles, input: string, maxTokens: number): Promise<HookAnswer> {
  const value = fromJson(input)
  const name = word(value?.hook_event_name)?.slice(0, 60) ?? null
  const isPause = name !== null && pauses.has(name)
  try {
    const event = readHookEvent(value, Date.now())
    if (event === null) return { output: null, isPause }
    const task = event.event === 'SubagentStop' ? firstPrompt(word(value?.agent_transcript_path)) : null
    leaveEvent(files, task === null ? event : { ...event, text: task })
    if (event.event !== 'UserPromptSubmit' || event.text === null || maxTokens <= 0) return { output: null, isPause }
    const { adviseOn } = await import('./advice.ts')
    const additionalContext = await adviseOn(files, event.text, maxTokens)
    const output =
      additionalContext === null
        ? null
        : { hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext } }
    return { output, isPause }
  } catch (error) {
    noteHookError(files, name, error)
    return { output: null, isPause }
  }
}

/** A sub-agent's task is the first prompt of its log. */
const headBytes = 262_144

function firstPrompt(path: string | null): string | null {
  if (path === null) return null
  try {
    const lines = headOf(path)?.split('\n').slice(0, 20) ?? []
    const prompt = lines.map(readEntry).find(entry => entry.kind === 'prompt')
    return prompt?.text.toWellFormed() ?? null
  } catch (error) {
    // A log that cannot be read leaves the task unknown; the event itself is recorded all the same.
    if (error instanceof Error && 'code' in error) return null
    throw error
  }
}

/** Without waiting, whatever the path names; null for anything but a file. */
function headOf(path: string): string | null {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!fstatSync(descriptor).isFile()) return null
    const head = Buffer.alloc(headBytes)
    return head.subarray(0, readSync(descriptor, head, 0, headBytes, 0)).toString('utf8')
  } finally {
    closeSync(descriptor)
  }
}
