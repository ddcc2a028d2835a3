import { closeSync, type Dirent, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import type { TranscriptSession } from '../../engine/transcripts.ts'
import { TacitError } from '../../errors.ts'

/** Where Claude Code keeps the logs of its sessions. */
export const defaultTranscripts = (): string =>
  join(process.env.CLAUDE_CONFIG_DIR || join(homedir(), '.claude'), 'projects')

/**
 * The sessions in a directory and below, oldest first, each with its own log and those of its sub-agents: newer versions
 * keep these in a folder named like the session, older ones side by side with it.
 * @throws TacitError NOT_FOUND if there is no such directory or file.
 */
export function findSessions(path: string): { sessions: TranscriptSession[]; totalBytes: number } {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    throw new TacitError('NOT_FOUND', `There are no session logs at ${path}. Name the directory, or a file.`)
  }
  const files = found.isDirectory() ? logsBelow(path) : [path]
  const sessions = new Map<string, { file: string; atMs: number }[]>()
  let totalBytes = 0
  for (const file of files) {
    const { size, mtimeMs } = statSync(file)
    totalBytes += size
    const id = sessionOf(file)
    const list = sessions.get(id) ?? []
    list.push({ file, atMs: mtimeMs })
    sessions.set(id, list)
  }
  const byTime = [...sessions].sort(([, a], [, b]) => oldest(a) - oldest(b))
  // The session's own log comes first: it says which sub-agents there were.
  const own = (file: string) => (isAgentLog(file) ? 1 : 0)
  return {
    sessions: byTime.map(([id, list]) => ({
      id,
      files: list.map(({ file }) => file).sort((a, b) => own(a) - own(b) || (a < b ? -1 : 1)),
    })),
    totalBytes,
  }
}

const oldest = (files: readonly { atMs: number }[]) => Math.min(...files.map(({ atMs }) => atMs))
const isAgentLog = (file: string) => /^agent-.*\.jsonl$/.test(basename(file))

function logsBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  const isLog = (entry: Dirent) => entry.isFile() && entry.name.endsWith('.jsonl') && entry.name !== 'journal.jsonl'
  return entries.filter(isLog).map(entry => join(entry.parentPath, entry.name))
}

/** The session is the name of its log, or of the folder around its sub-agents; else the first lines say it. */
function sessionOf(file: string): string {
  if (!isAgentLog(file)) return basename(file, '.jsonl')
  const folder = /([^/\\]+)[/\\]subagents[/\\]/.exec(file)?.[1]
  return folder ?? /"sessionId"\s*:\s*"([^"]{1,200})"/.exec(headOf(file))?.[1] ?? basename(file, '.jsonl')
}

const headBytes = 65_536

function headOf(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const head = Buffer.alloc(headBytes)
    return head.subarray(0, readSync(descriptor, head, 0, headBytes, 0)).toString('utf8')
  } finally {
    closeSync(descriptor)
  }
}
