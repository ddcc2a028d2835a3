import { readFile } from 'node:fs/promises'
import { TacitError } from '../../errors.ts'

/**
 * The JSON object that `--input` names: the JSON itself, `@file`, or `-` for standard input.
 * @throws TacitError INVALID_INPUT if it is not a JSON object; NOT_FOUND if the file cannot be read.
 */
export async function readInput(source: string): Promise<Record<string, unknown>> {
  const text = await read(source)
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw new TacitError('INVALID_INPUT', `--input ${nameOf(source)} is not JSON: ${(cause as Error).message}.`, {
      cause,
    })
  }
  throw new TacitError('INVALID_INPUT', `--input ${nameOf(source)} must be one JSON object.`)
}

async function read(source: string): Promise<string> {
  if (source === '-') return (await process.stdin.setEncoding('utf8').toArray()).join('')
  if (!source.startsWith('@')) return source
  try {
    return await readFile(source.slice(1), 'utf8')
  } catch (cause) {
    throw new TacitError('NOT_FOUND', `Cannot read ${source.slice(1)}: ${(cause as Error).message}.`, { cause })
  }
}

const nameOf = (source: string) =>
  source === '-' ? 'from standard input' : source.startsWith('@') ? source.slice(1) : ''
