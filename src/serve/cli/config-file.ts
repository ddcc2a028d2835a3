import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { loadConfig } from '../../config.ts'
import { TacitError } from '../../errors.ts'

/** What setting some options would do, or did, to a configuration file. */
export interface ConfigChange {
  readonly file: string
  /** The options that change; null stands for an option that the file does not name. */
  readonly changes: readonly { readonly key: string; readonly from: unknown; readonly to: unknown }[]
  readonly written: boolean
}

type Json = Record<string, unknown>

/**
 * Sets options, by their dotted keys, in a configuration file; everything else in it stays. Without `write` it only says
 * what would change. The file is replaced as a whole, so that a reader sees the old or the new one.
 * @throws TacitError INVALID_CONFIG if the file cannot be read, or would be refused afterwards; it is then left as it was.
 */
export function changeConfigFile(
  file: string,
  settings: Readonly<Record<string, unknown>>,
  write: boolean,
): ConfigChange {
  const before = readConfigJson(file)
  const after = structuredClone(before)
  const changes = []
  for (const [key, to] of Object.entries(settings)) {
    const from = valueAt(before, key)
    if (from === to) continue
    setAt(after, key, to)
    changes.push({ key, from: from ?? null, to })
  }
  loadConfig({ flags: after })
  const written = write && changes.length > 0
  if (written) replaceFile(file, `${JSON.stringify(after, null, 2)}\n`)
  return { file, changes, written }
}

/** What a configuration file says, as it is written there; nothing if there is no file. */
export function readConfigJson(file: string): Json {
  if (!existsSync(file)) return {}
  // Checks that it holds one object with known keys.
  loadConfig({ file })
  return JSON.parse(readFileSync(file, 'utf8')) as Json
}

function replaceFile(file: string, text: string): void {
  const target = existsSync(file) ? realpathSync(file) : file
  const fresh = `${target}.${process.pid}.new`
  try {
    writeFileSync(fresh, text)
    renameSync(fresh, target)
  } catch (cause) {
    throw new TacitError('INVALID_CONFIG', `Cannot write the configuration file ${file}. Check its folder.`, { cause })
  }
}

function valueAt(value: Json, key: string): unknown {
  return key.split('.').reduce<unknown>((node, name) => (node as Json | undefined)?.[name], value)
}

function setAt(value: Json, key: string, to: unknown): void {
  const [name, ...rest] = key.split('.') as [string, ...string[]]
  if (rest.length === 0) value[name] = to
  else {
    const child = (value[name] ?? {}) as Json
    value[name] = child
    setAt(child, rest.join('.'), to)
  }
}
