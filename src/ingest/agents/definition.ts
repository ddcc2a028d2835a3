import { parse as parseYaml, YAMLError } from 'yaml'
import { TacitError } from '../../errors.ts'
import type { Facets } from '../../records.ts'
import { nameOf } from '../transcripts/tool-step.ts'

/** An agent as its definition describes it. */
export interface AgentDefinition {
  readonly name: string
  /** When to use it, in the words of its author; null if the definition has none. */
  readonly description: string | null
  /** What relates it to other agents: its model and the group that it belongs to. */
  readonly facets: Facets
}

const maxDescription = 1000
const frontMatter = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/

/** Whether a text claims to be a definition: other Markdown lies beside them. */
export const isAgentDefinition = (text: string): boolean => /^\uFEFF?---[ \t]*\r?\n/.test(text)

/**
 * Reads an agent's definition: Markdown with YAML front matter (name, description, model, category), as Claude Code keeps
 * it in .claude/agents.
 * @param fallback what the agent is called if the front matter has no name: the name of the file.
 * @param group what it belongs to if the front matter has no category: the folder around it; null for none.
 * @throws TacitError INVALID_INPUT saying what is wrong, and where.
 */
export function readAgentDefinition(text: string, fallback: string, group: string | null): AgentDefinition {
  const header = frontMatter.exec(text)?.[1]
  if (header === undefined) {
    throw new TacitError(
      'INVALID_INPUT',
      'There is no front matter: the file must begin with --- and name: … between ---.',
    )
  }
  const { name, description, model, category, metadata } = fieldsOf(header)
  const ofMetadata = isObject(metadata) ? metadata.category : undefined
  const agent = nameOf(wordOf(name, 'name') ?? fallback)
  if (agent === '__proto__') throw new TacitError('INVALID_INPUT', 'An agent cannot be called __proto__.')
  const pool = wordOf(category, 'category') ?? wordOf(ofMetadata, 'metadata.category') ?? group
  const usedModel = wordOf(model, 'model')
  return {
    name: agent,
    description:
      wordOf(description, 'description')?.replace(/\s+/g, ' ').slice(0, maxDescription).toWellFormed() ?? null,
    facets: {
      agent,
      // "inherit" is the model of whoever calls it, which nobody knows beforehand.
      ...(usedModel === null || usedModel === 'inherit' ? {} : { model: nameOf(usedModel) }),
      ...(pool === null ? {} : { pool: nameOf(pool) }),
    },
  }
}

function fieldsOf(header: string): Record<string, unknown> {
  try {
    const value: unknown = parseYaml(header, { maxAliasCount: 10, logLevel: 'error' })
    if (isObject(value)) return value
  } catch (cause) {
    if (!(cause instanceof YAMLError || cause instanceof ReferenceError || cause instanceof RangeError)) throw cause
    throw new TacitError('INVALID_INPUT', `The front matter is not YAML: ${cause.message.split('\n')[0]}`, { cause })
  }
  throw new TacitError('INVALID_INPUT', 'The front matter is not a list of fields such as "name: reviewer".')
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

function wordOf(value: unknown, field: string): string | null {
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'string') return value.trim() || null
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new TacitError('INVALID_INPUT', `The field ${field} must be a text.`)
}
