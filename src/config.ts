import { readFileSync } from 'node:fs'
import { distance } from 'fastest-levenshtein'
import { z } from 'zod'
import { choosingOptions } from './config/choosing.ts'
import { completeUrl, postgresOptions, withoutPassword } from './config/postgres.ts'
import { retentionOptions } from './config/retention.ts'
import { servingOptions } from './config/serving.ts'
import { TacitError } from './errors.ts'
import { type LearningMode, learningModes } from './modes.ts'
import { stages } from './records.ts'

/**
 * The one configuration. Every option has a meaning, a unit and a default; unknown keys are refused. Sources, strongest
 * first: flags (or the options given to `openTacit`), environment, file, the learning mode, defaults.
 */
const utilityTermSchema = z
  .strictObject({
    weight: z.number(),
    /** How the raw value becomes 0..1 between `from` and `to`: linearly or by its logarithm. Clipped. */
    scale: z.enum(['linear', 'log10']).default('linear'),
    from: z.number().default(0),
    to: z.number().default(1),
    /** Raw value to assume when it is missing. Null: an outcome without it has no utility. */
    missing: z.number().nullable().default(null),
  })
  .refine(({ from, to }) => from !== to, 'from and to must differ')
  .refine(({ scale, from, to }) => scale === 'linear' || (from > 0 && to > 0), 'log10 needs from and to above 0')

const modeNames = Object.keys(learningModes) as [LearningMode, ...LearningMode[]]

const configSchema = z.strictObject({
  db: z.string().min(1).default('./tacit.db').describe('Path of the database file, :memory:, or a postgres:// URL'),
  scope: z.string().min(1).max(256).default('default').describe('Project whose history is read and written'),
  enabled: z.boolean().default(true).describe('The one switch: false turns all recording and learning off'),
  stage: z
    .enum(stages)
    .default('auto')
    .describe('How far choices are acted on: off, observe, shadow, suggest, canary, auto'),
  canaryShare: z.number().min(0).max(1).default(0.1).describe('Share of decisions acted on in stage canary, 0..1'),
  seed: z
    .string()
    .max(256)
    .default('')
    .describe('Seed of the random draws; empty: a new one each time Tacit is opened'),
  durability: z
    .enum(['normal', 'full'])
    .default('normal')
    .describe('normal survives a killed process, full a power cut'),
  busyTimeoutMs: z
    .number()
    .int()
    .min(0)
    .max(600_000)
    .default(10_000)
    .describe('Longest wait for other writers, milliseconds'),
  features: z
    .strictObject({
      recommendation: z.boolean().default(true).describe('recommend() answers'),
      routing: z.boolean().default(true).describe('decide() acts on what was learned; false: the incumbent is taken'),
      prediction: z.boolean().default(true).describe('predictions are made and stored with decisions'),
    })
    .prefault({}),
  embedding: z
    .strictObject({
      dimension: z.number().int().min(8).max(4096).default(256).describe('Length of the task vectors'),
      similarityThreshold: z
        .number()
        .min(-1)
        .max(1)
        .nullable()
        .default(null)
        .describe('Cosine from which tasks count as similar; null: as calibrated for the embedder'),
      memoryMb: z
        .number()
        .min(0)
        .max(1_000_000)
        .default(300)
        .describe('Most memory for a quick search of a SQLite file, MB; 0: none'),
    })
    .prefault({}),
  learning: z
    .strictObject({
      mode: z
        .enum(modeNames)
        .default('adaptive')
        .describe('A name for several options at once; see "tacit learn modes"'),
      policy: z.enum(['hierarchical', 'thompson', 'uniform']).default('hierarchical').describe('Which policy chooses'),
      halfLifeDays: z
        .number()
        .positive()
        .nullable()
        .default(30)
        .describe('Age at which evidence counts half, days; null: never fades'),
      minProbability: z
        .number()
        .min(0)
        .max(0.5)
        .default(0.005)
        .describe('Share of choices spread evenly over all arms'),
      optimism: z
        .number()
        .min(-5)
        .max(5)
        .default(1)
        .describe('How much the unknown attracts: 0 not at all, below 0 it is shunned (policy hierarchical)'),
      joinDeadlineMs: z
        .number()
        .positive()
        .default(86_400_000)
        .describe('After this a missing outcome is no longer in flight, ms'),
      minObservations: z
        .strictObject({
          recommend: z.number().min(0).default(0).describe('recommend() ranks no arm that was observed less often'),
          predict: z
            .number()
            .min(0)
            .default(0)
            .describe('predict() withholds forecasts that rest on fewer observations'),
        })
        .prefault({}),
      refitHours: z
        .number()
        .positive()
        .nullable()
        .default(null)
        .describe('Learn everything anew from the log this often, hours; null: only when train is called'),
      snapshotEvery: z.number().int().min(1).default(512).describe('Facts between snapshots of learned state'),
    })
    .prefault({}),
  privacy: z
    .strictObject({
      redact: z
        .array(z.string())
        .default([])
        .describe('Regular expressions; what they match is taken out of every text before it is kept'),
      replacement: z
        .enum(['mark', 'pseudonym'])
        .default('mark')
        .describe('what is put in place of it: [redacted], or a pseudonym by which the same value is known again'),
      taskText: z
        .enum(['keep', 'hash'])
        .default('keep')
        .describe('keep the words of a task, or only their hash (no learning from words)'),
      pseudonymise: z.boolean().default(true).describe('user and session ids are kept as pseudonyms of this database'),
    })
    .prefault({}),
  utility: z
    .strictObject({
      version: z.number().int().min(1).default(1).describe('Raise it whenever the weights change'),
      quality: utilityTermSchema
        .default({ weight: 1, scale: 'linear', from: 0, to: 1, missing: null })
        .describe('quality if given, else success'),
      success: utilityTermSchema.optional().describe('weight of success itself, 0 or 1, beside the quality'),
      durationMs: utilityTermSchema
        .optional()
        .describe('weight of the duration, for example { weight: -0.2, to: 10000 }'),
      costUsd: utilityTermSchema.optional().describe('weight of the cost'),
      cpuTimeMs: utilityTermSchema.optional().describe('weight of the CPU time'),
      peakMemoryMb: utilityTermSchema.optional().describe('weight of the peak memory'),
      rating: utilityTermSchema.optional().describe('weight of the mean overall feedback, 0..1'),
    })
    .prefault({}),
  ...choosingOptions,
  ...postgresOptions,
  ...retentionOptions,
  ...servingOptions,
})

export type { ArmOverrides } from './config/choosing.ts'
export { isPostgres, urlToPaste, withoutPassword } from './config/postgres.ts'
export type Config = z.output<typeof configSchema>
export type ConfigInput = z.input<typeof configSchema>
/** Which source set a value; `mode`: it follows from learning.mode. */
export type Source = 'flag' | 'environment' | 'file' | 'mode' | 'default'

/** One option: its dotted key, what it means, its value, and where that came from. */
export interface Setting {
  readonly key: string
  readonly description: string
  readonly value: unknown
  readonly source: Source
  /** The environment variable that sets it. */
  readonly variable: string
}

interface Sources {
  readonly flags?: Readonly<Record<string, unknown>>
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Path of a JSON file. */
  readonly file?: string
}

/** Names that earlier systems used for the same options. */
const aliases: Readonly<Record<string, string>> = {
  CLAUDE_LEARNING_DB: 'db',
  CLAUDE_LEARNING_ENABLED: 'enabled',
  CLAUDE_LEARNING_POOL_SIZE: 'postgres.poolSize',
  CLAUDE_ML_EMBEDDING_DIM: 'embedding.dimension',
  CLAUDE_AUTO_RECOMMENDATION: 'features.recommendation',
  CLAUDE_ADAPTIVE_ROUTING: 'features.routing',
  AQE_LEARNING_ENABLED: 'enabled',
  MAHAVISHNU_LEARNING__ENABLED: 'enabled',
  MAHAVISHNU_LEARNING__DATABASE_PATH: 'db',
  MAHAVISHNU_LEARNING__RETENTION_DAYS: 'retention.executionsDays',
  MAHAVISHNU_LEARNING__SIMILARITY_THRESHOLD: 'embedding.similarityThreshold',
}
/** Variables with our prefix that are not options. */
const otherVariables = /^TACIT_(CONFIG|URL|KEY|DATA|DEBUG|TEST_.*|BENCH_.*)$/

const variableOf = (key: string) =>
  `TACIT_${key
    .replace(/[A-Z]/g, c => `_${c}`)
    .replaceAll('.', '_')
    .toUpperCase()}`

/**
 * Reads and validates the configuration from its sources.
 * @throws TacitError INVALID_CONFIG for an unknown key (the nearest known one is named) or a value out of range.
 * @example loadConfig({ flags: { db: 'a.db' }, environment: process.env, file: 'tacit.config.json' })
 */
export function loadConfig(sources: Sources = {}): { config: Config; settings: Setting[] } {
  const layers: [Source, Map<string, unknown>][] = [
    ['file', sources.file === undefined ? new Map() : flatten(readFile(sources.file), sources.file)],
    ['environment', fromEnvironment(sources.environment ?? {})],
    ['flag', flatten(sources.flags ?? {}, 'options')],
  ]
  const merged: Record<string, unknown> = {}
  const from = new Map<string, Source>()
  for (const [source, values] of layers) {
    for (const [key, value] of values) {
      if (value === undefined) continue
      assign(merged, key, value)
      from.set(key, source)
    }
  }
  for (const [key, value] of settingsOfMode(lookup(merged, 'learning.mode'))) {
    if (from.has(key)) continue
    assign(merged, key, value)
    from.set(key, 'mode')
  }
  const result = configSchema.safeParse(merged)
  if (!result.success) {
    const issue = result.error.issues[0]!
    const key = issue.path.join('.')
    const source = from.get(key) ?? 'default'
    const hint =
      source === 'environment' ? ` (from ${variableOf(key)})` : source === 'file' ? ` (from ${sources.file})` : ''
    throw new TacitError('INVALID_CONFIG', `Option ${key}${hint}: ${issue.message}. Correct it; see "tacit config".`, {
      details: { key, source },
    })
  }
  const config = { ...result.data, db: completeUrl(result.data.db, sources.environment ?? {}) }
  const settings = options.map(({ key, description }) => ({
    key,
    description,
    value: shown(key === 'db' ? config.db : lookup(config, key)),
    source: from.get(key) ?? 'default',
    variable: variableOf(key),
  }))
  return { config, settings }
}

/** A value that may be a URL is shown without its password. */
const shown = (value: unknown) => (typeof value === 'string' ? withoutPassword(value) : value)

/** Nothing for a mode that does not exist: the schema refuses it. */
function settingsOfMode(mode: unknown): [string, unknown][] {
  const known = modeNames.find(name => name === mode)
  return known === undefined ? [] : Object.entries(learningModes[known].sets)
}

// ---- the list of options, read off the schema ----------------------------------------------------------------------

const options = listOptions(configSchema, '')

interface Option {
  readonly key: string
  readonly description: string
  readonly schema: z.ZodType
  readonly isNullable: boolean
}

function listOptions(schema: z.ZodType, prefix: string): Option[] {
  const inner = unwrap(schema)
  if (!(inner instanceof z.ZodObject) || schema.description !== undefined) {
    const isNullable = schema.safeParse(null).success
    return [{ key: prefix, description: schema.description ?? '', schema: inner, isNullable }]
  }
  return Object.entries(inner.shape).flatMap(([name, child]) =>
    listOptions(child as z.ZodType, prefix ? `${prefix}.${name}` : name),
  )
}

function unwrap(schema: z.ZodType): z.ZodType {
  const { innerType } = schema.def as { innerType?: z.ZodType }
  return innerType === undefined ? schema : unwrap(innerType)
}

// ---- sources -------------------------------------------------------------------------------------------------------

function readFile(path: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new TacitError('INVALID_CONFIG', `Cannot read the configuration file ${path}. Check the path.`, { cause })
  }
  try {
    const value: unknown = JSON.parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw new TacitError('INVALID_CONFIG', `${path} is not valid JSON: ${(cause as Error).message}`, { cause })
  }
  throw new TacitError('INVALID_CONFIG', `${path} must hold one JSON object.`)
}

function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): Map<string, unknown> {
  const byVariable = new Map(options.map(option => [variableOf(option.key), option]))
  const values = new Map<string, unknown>()
  for (const [alias, key] of Object.entries(aliases)) {
    const text = environment[alias]
    if (text) values.set(key, fromText(text, options.find(option => option.key === key)!))
  }
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('TACIT_') || text === undefined || otherVariables.test(variable)) continue
    const option = byVariable.get(variable)
    if (option === undefined) throw unknownKey(variable, [...byVariable.keys()], 'the environment')
    values.set(option.key, fromText(text, option))
  }
  return values
}

/** Environment and command line carry text; the schema says what it stands for. */
function fromText(text: string, { schema, isNullable }: Option): unknown {
  if (isNullable && text === 'null') return null
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) return text
  if (/^(1|on|yes)$/i.test(text) && schema instanceof z.ZodBoolean) return true
  if (/^(0|off|no)$/i.test(text) && schema instanceof z.ZodBoolean) return false
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Dotted keys of nested options; `null` and plain values are leaves, and so is an option that is itself an object. */
function flatten(value: Readonly<Record<string, unknown>>, where: string, prefix = ''): Map<string, unknown> {
  const values = new Map<string, unknown>()
  const known = options.map(option => option.key)
  for (const [name, child] of Object.entries(value)) {
    const key = prefix ? `${prefix}.${name}` : name
    const isGroup = known.some(other => other.startsWith(`${key}.`))
    if (isGroup && child !== null && typeof child === 'object') {
      for (const entry of flatten(child as Record<string, unknown>, where, key)) values.set(...entry)
    } else if (known.includes(key) || isGroup) {
      values.set(key, child)
    } else {
      throw unknownKey(key, known, where)
    }
  }
  return values
}

function unknownKey(key: string, known: readonly string[], where: string): TacitError {
  const nearest = known.toSorted((a, b) => distance(a, key) - distance(b, key))[0]!
  return new TacitError('INVALID_CONFIG', `Unknown option ${key} in ${where}. Did you mean ${nearest}?`, {
    details: { key, nearest },
  })
}

function assign(target: Record<string, unknown>, key: string, value: unknown): void {
  const path = key.split('.')
  const last = path.pop()!
  let node = target
  for (const name of path) {
    node[name] ??= {}
    node = node[name] as Record<string, unknown>
  }
  node[last] = value
}

function lookup(value: unknown, key: string): unknown {
  return key.split('.').reduce((node, name) => (node as Record<string, unknown> | undefined)?.[name], value)
}

/** A value given as text on the command line (`--set learning.halfLifeDays=7`), read as its option expects. */
export function settingFromText(key: string, text: string): Record<string, unknown> {
  const option = options.find(candidate => candidate.key === key)
  if (option === undefined)
    throw unknownKey(
      key,
      options.map(({ key }) => key),
      'the command line',
    )
  const values: Record<string, unknown> = {}
  assign(values, key, fromText(text, option))
  return values
}
