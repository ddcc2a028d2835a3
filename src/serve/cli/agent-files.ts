import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { type AgentDefinition, isAgentDefinition, readAgentDefinition } from '../../engine/agents.ts'
import { TacitError } from '../../errors.ts'

const maxFileBytes = 1_048_576
/** Not definitions, though they lie beside them. */
const otherFiles = /^(readme|template|claude|agents)\.md$/i

/** What was found in the files of agents: their definitions, what could not be read, and files that are no definitions. */
export interface AgentFiles {
  readonly agents: (AgentDefinition & { readonly file: string })[]
  readonly problems: { readonly file: string; readonly message: string }[]
  readonly skipped: string[]
}

/**
 * Reads the definitions of agents in a directory and below, or in one file. Of two with the same name the later one, in
 * the order of their paths, is reported as a problem. Of a directory, Markdown without front matter is skipped.
 * @throws TacitError NOT_FOUND if there is nothing at `path`.
 */
export function readAgentFiles(path: string): AgentFiles {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    throw new TacitError(
      'NOT_FOUND',
      `There are no agents at ${path}. Name the directory of their definitions, or a file.`,
    )
  }
  const files = found.isDirectory() ? definitionsBelow(path) : [path]
  const result: AgentFiles = { agents: [], problems: [], skipped: [] }
  for (const file of files) {
    try {
      const text = textOf(file)
      if (found.isDirectory() && !isAgentDefinition(text)) {
        result.skipped.push(file)
        continue
      }
      const agent = readAgentDefinition(text, basename(file, '.md'), found.isDirectory() ? groupOf(path, file) : null)
      const other = result.agents.find(({ name }) => name === agent.name)
      if (other !== undefined) throw new TacitError('INVALID_INPUT', `${other.file} defines ${agent.name} already.`)
      result.agents.push({ ...agent, file })
    } catch (error) {
      if (!(error instanceof TacitError)) throw error
      result.problems.push({ file, message: error.message })
    }
  }
  return result
}

function definitionsBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.md') && !otherFiles.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
}

function textOf(file: string): string {
  if (statSync(file).size > maxFileBytes) {
    throw new TacitError('INVALID_INPUT', `The file is longer than ${maxFileBytes} bytes.`)
  }
  return readFileSync(file, 'utf8')
}

/** The folder directly below the directory of agents. */
function groupOf(directory: string, file: string): string | null {
  const folder = relative(directory, dirname(file)).split(sep)[0]
  return folder === undefined || folder === '' ? null : folder
}
