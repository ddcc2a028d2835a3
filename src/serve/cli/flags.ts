import { type Command, Option } from 'commander'
import { z } from 'zod'
import { TacitError } from '../../errors.ts'

/**
 * Flags made from the schema of an operation's input, so that they cannot say anything else. Every field has a flag
 * (`durationMs` → `--duration-ms`); the fields of a nested object have one each beside the flag for the whole object.
 */
export interface Flag {
  /** Where the value goes: ["error", "type"]. */
  readonly path: readonly string[]
  /** "--error-type". */
  readonly long: string
  readonly description: string
  readonly schema: z.ZodType
  readonly json: JsonSchema
  /** The switch stands for this value and takes none. */
  readonly constant?: boolean
}

/** What the schema cannot know about the words on the command line. */
export interface Shape {
  /** Fields given without a flag, in order. */
  readonly positional?: readonly string[]
  /** Other names of flags, by dotted field. */
  readonly names?: Readonly<Record<string, string>>
  /** Lists of prose: repeat the flag instead of separating by commas. */
  readonly prose?: readonly string[]
}

type JsonSchema = z.core.JSONSchema.JSONSchema
type Input = Record<string, unknown>

/** Every flag that the input of an operation has, positional fields left out. */
export function flagsOf(schema: z.ZodType, shape: Shape): Flag[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return fieldsOf(schema, json, []).flatMap(field => {
    const key = field.path.join('.')
    if (shape.positional?.includes(key)) return []
    const flag = { ...field, long: `--${shape.names?.[key] ?? kebab(field.path.at(-1)!)}` }
    if (key === 'success') {
      return [
        { ...flag, constant: true },
        { ...flag, long: '--failure', constant: false, description: 'The task was not solved' },
      ]
    }
    return field.json.type === 'boolean' ? [{ ...flag, constant: true }] : [flag]
  })
}

/** Adds the flags of an operation to its command. The values are read by `inputFrom`. */
export function addFlags(command: Command, flags: readonly Flag[], shape: Shape): void {
  for (const flag of flags) {
    const isList = flag.json.type === 'array'
    const term = flag.constant === undefined ? `${flag.long} <${placeholder(flag, shape)}>` : flag.long
    const option = new Option(term, flag.description)
    if (isList) option.argParser<string[]>((text, previous) => [...(previous ?? []), text])
    if (flag.path.length > 1) option.helpGroup(`Fields of ${flag.path[0]}:`)
    if (flag.long === '--failure') option.conflicts('success')
    command.addOption(option)
  }
}

/**
 * The input that positional arguments and flags stand for, laid over `base`.
 * @throws TacitError INVALID_INPUT naming the flag whose text does not fit its field.
 */
export function inputFrom(
  base: Input,
  values: Readonly<Record<string, unknown>>,
  positional: readonly (string | undefined)[],
  flags: readonly Flag[],
  shape: Shape,
  schema: z.ZodType,
): Input {
  const input = structuredClone(base)
  for (const [index, field] of (shape.positional ?? []).entries()) {
    const text = positional[index]
    if (text !== undefined) assign(input, [field], readText(text, childOf(schema, field)!, field))
  }
  // Whole objects come first, so that the flags of their fields add to them.
  for (const flag of flags.toSorted((a, b) => a.path.length - b.path.length)) {
    const value = values[new Option(flag.long).attributeName()]
    if (value === undefined) continue
    assign(input, flag.path, flag.constant ?? readFlag(value as string | string[], flag, shape))
  }
  for (const flag of flags) {
    if (values[new Option(flag.long).attributeName()] !== undefined) checkCompanions(flag, input, flags)
  }
  return input
}

/** The command line that gives `input`; the inverse of `inputFrom`. Words are quoted for a POSIX shell. */
export function commandLine(name: string, input: Input, flags: readonly Flag[], shape: Shape): string {
  const positional = shape.positional ?? []
  const words = positional.filter(field => field in input).map(field => asText(input[field]))
  const rest = flags.flatMap(flag => {
    const value = flag.path.reduce<unknown>((node, key) => (node as Input | undefined)?.[key], input)
    if (value === undefined) return []
    if (flag.constant !== undefined) return flag.constant === value ? [flag.long] : []
    if (isRecord(value) && hasFlagForEvery(value, flag, flags)) return []
    if (!Array.isArray(value)) return [flag.long, asText(value)]
    if (shape.prose?.includes(flag.path.join('.'))) return value.flatMap(item => [flag.long, asText(item)])
    const isPlain = value.length > 0 && value.every(isPlainWord)
    return [flag.long, isPlain ? value.join(',') : JSON.stringify(value)]
  })
  const all = words.some(word => word.startsWith('-')) ? [...rest, '--', ...words] : [...words, ...rest]
  return ['tacit', ...name.split(' '), ...all].map(quote).join(' ')
}

// ---- from schema to fields -----------------------------------------------------------------------------------------

function fieldsOf(schema: z.ZodType, json: JsonSchema, path: readonly string[]): Omit<Flag, 'long'>[] {
  return Object.entries(json.properties ?? {}).flatMap(([name, child]) => {
    const childJson = child as JsonSchema
    const childSchema = childOf(schema, name)!
    const field = {
      path: [...path, name],
      description: childJson.description ?? '',
      schema: childSchema,
      json: childJson,
    }
    return [field, ...fieldsOf(childSchema, childJson, field.path)]
  })
}

function childOf(schema: z.ZodType, name: string): z.ZodType | undefined {
  const inner = unwrap(schema)
  return inner instanceof z.ZodObject ? (inner.shape[name] as z.ZodType | undefined) : undefined
}

function unwrap(schema: z.ZodType): z.ZodType {
  const { innerType } = schema.def as { innerType?: z.ZodType }
  return innerType === undefined ? schema : unwrap(innerType)
}

const kebab = (name: string) => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

function placeholder({ json, path }: Flag, shape: Shape): string {
  const choices = (json.enum ?? json.anyOf?.find(option => isRecord(option) && 'enum' in option)?.enum) as
    | string[]
    | undefined
  // A long list stands in the description.
  if (json.enum !== undefined && choices !== undefined)
    return choices.length > 6 || choices.join('|').length > 60 ? 'name' : choices.join('|')
  if (json.type === 'array') return shape.prose?.includes(path.join('.')) ? 'text' : 'a,b,…'
  if (json.type === 'object') return 'json'
  if (json.type === 'number' || json.type === 'integer') return 'n'
  if (json.anyOf?.some(option => isRecord(option) && option.format === 'date-time')) return 'time'
  const numeric = json.anyOf?.every(option => isRecord(option) && ['number', 'null'].includes(String(option.type)))
  return numeric ? 'n' : json.type === 'string' ? 'text' : 'value'
}

// ---- from text to values -------------------------------------------------------------------------------------------

function readFlag(value: string | string[], flag: Flag, shape: Shape): unknown {
  if (!Array.isArray(value)) return readText(value, flag.schema, flag.long)
  if (shape.prose?.includes(flag.path.join('.'))) return value
  return value.flatMap(text => {
    const list = looksLikeJson(text) ? parseJson(text) : undefined
    return Array.isArray(list) ? list : list === undefined ? text.split(',').map(item => item.trim()) : [list]
  })
}

/** The reading of `text` that its field accepts: as JSON, or as it stands. */
function readText(text: string, schema: z.ZodType, where: string): unknown {
  const json = parseJson(text)
  const readings = (looksLikeJson(text) ? [json, text] : [text, json]).filter(reading => reading !== undefined)
  for (const reading of readings) if (schema.safeParse(reading).success) return reading
  const preferred = json === undefined ? text : json
  const problem = schema
    .safeParse(preferred)
    .error!.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  throw new TacitError(
    'INVALID_INPUT',
    `${where} ${JSON.stringify(shown)}: ${problem.join('; ')}.${scaleHint(json, schema)}`,
    {
      details: { field: where },
    },
  )
}

/** One field of an object may need another: a message of an error says too little without its type. */
function checkCompanions(given: Flag, input: Input, flags: readonly Flag[]): void {
  const parent = given.path.slice(0, -1)
  if (parent.length === 0) return
  const object = parent.reduce<unknown>((node, key) => (node as Input | undefined)?.[key], input) as Input
  const missing = flags.find(
    ({ path, schema }) =>
      path.length === given.path.length &&
      path.slice(0, -1).join('.') === parent.join('.') &&
      object[path.at(-1)!] === undefined &&
      !schema.safeParse(undefined).success,
  )
  if (missing === undefined) return
  throw new TacitError('INVALID_INPUT', `${given.long} needs ${missing.long} beside it: ${missing.description}`, {
    details: { field: missing.long },
  })
}

/** What to write instead, where a number above 1 was meant on another scale. */
function scaleHint(value: unknown, schema: z.ZodType): string {
  if (typeof value !== 'number') return ''
  const scaled = ['0-10', '0-100'].map(scale => ({ value, scale })).find(unit => schema.safeParse(unit).success)
  return scaled === undefined ? '' : ` For another scale write '${JSON.stringify(scaled)}'.`
}

const looksLikeJson = (text: string) => /^\s*[[{]/.test(text)

/** Undefined for text that is not JSON; the caller then takes it as it stands. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function assign(target: Input, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path
  if (rest.length === 0) target[name!] = value
  else {
    if (!isRecord(target[name!])) target[name!] = {}
    assign(target[name!] as Input, rest, value)
  }
}

// ---- from values to text -------------------------------------------------------------------------------------------

const isRecord = (value: unknown): value is Input =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** Survives being put into a list separated by commas. */
const isPlainWord = (item: unknown) => typeof item === 'string' && /^[^\s,[{]([^,[{]*[^\s,[{])?$/.test(item)

function hasFlagForEvery(value: Input, { path }: Flag, flags: readonly Flag[]): boolean {
  const known = new Set(flags.filter(flag => flag.path.length === path.length + 1).map(flag => flag.path.join('.')))
  return Object.keys(value).length > 0 && Object.keys(value).every(name => known.has([...path, name].join('.')))
}

/** `word` as a POSIX shell reads it back. */
export function quote(word: string): string {
  return /^[\w./:=@,+-]+$/.test(word)
    ? word
    : /["$`\\!]/.test(word)
      ? `'${word.replaceAll("'", "'\\''")}'`
      : `"${word}"`
}
