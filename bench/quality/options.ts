import { parseArgs } from 'node:util'
import { TacitError } from '../../src/errors.ts'

const protocols = ['offline', 'online'] as const
export type Protocol = (typeof protocols)[number]
/** Protocols that run only when asked for, and show parts of Tacit instead of the whole. */
const studies = ['ablation', 'forecasts'] as const
export type Study = (typeof studies)[number]
const policies = ['tacit', 'thompson', 'uniform'] as const
export type PolicyName = (typeof policies)[number]

export interface Options {
  readonly help: boolean
  /** Folder of data sets. */
  readonly data: string
  /** Names of views; null: all. */
  readonly views: readonly string[] | null
  readonly protocols: readonly (Protocol | Study)[]
  /** Most orders or splits taken; null: all that the file has. */
  readonly seeds: number | null
  readonly rounds: number
  readonly policies: readonly PolicyName[]
  readonly db: 'file' | 'memory'
  readonly json: string | null
}

export const help = `Usage: npm run bench:quality -- [options]

Replays data sets through Tacit's public API with its default configuration and prints how well it chooses and predicts.
The folder of data sets is named by TACIT_DATA or --data; docs/benchmarks.md describes its format and the figures.

Options
  --data DIR          folder of data sets (default: TACIT_DATA)
  --views a,b         only these views (default: all)
  --protocol NAME     offline (full information) or online (bandit feedback); default: both;
                      ablation: what each part of the default policy adds, online;
                      forecasts: the success predictor, one arm seen per task, against means;
                      worlds: seeded worlds with a known optimum instead of data (--protocol worlds --help);
                      off-policy: other policies judged by logs (--protocol off-policy --help)
  --seeds N           at most N splits or orders of each set (default: all in its splits.json.gz)
  --rounds N          at most N rounds of an online run (default: 4000)
  --policies a,b      of tacit, thompson, uniform (default: all three)
  --db file|memory    database of a run: a temporary file, removed afterwards, or memory (default: file)
  --json FILE         write Tacit's figures to FILE as [{ protocol, view, metric, value, sd }],
                      and the baselines' beside it, in FILE with the ending .baselines.json
  --help              this text

Exit code 1 if a reward of Tacit is below the floor set for its view.

Examples
  TACIT_DATA=~/data npm run bench:quality -- --protocol online --seeds 3
  TACIT_DATA=~/data npm run bench:quality -- --views bfcl,bfcl_u --json figures.json`

/** Reads the command line. @throws TacitError INVALID_INPUT that names the option. */
export function parseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options {
  const values = read(args)
  return {
    help: values.help ?? false,
    data: values.data ?? environment.TACIT_DATA ?? '',
    views: values.views === undefined ? null : list(values.views),
    protocols:
      values.protocol === undefined ? protocols : each('protocol', list(values.protocol), [...protocols, ...studies]),
    seeds: values.seeds === undefined ? null : positive('seeds', values.seeds),
    rounds: values.rounds === undefined ? 4000 : positive('rounds', values.rounds),
    policies: values.policies === undefined ? policies : each('policies', list(values.policies), policies),
    db: values.db === undefined ? 'file' : each('db', [values.db], ['file', 'memory'] as const)[0]!,
    json: values.json ?? null,
  }
}

function read(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        data: text,
        views: text,
        protocol: text,
        seeds: text,
        rounds: text,
        policies: text,
        db: text,
        json: text,
      },
    }).values
  } catch (cause) {
    throw new TacitError('INVALID_INPUT', `${(cause as Error).message} See --help.`, { cause })
  }
}

function list(text: string): string[] {
  return text.split(',').filter(name => name !== '')
}

function each<T extends string>(option: string, names: readonly string[], allowed: readonly T[]): T[] {
  return names.map(name => {
    const found = allowed.find(candidate => candidate === name)
    if (found === undefined)
      throw new TacitError('INVALID_INPUT', `--${option} ${name}: must be one of ${allowed.join(', ')}.`)
    return found
  })
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new TacitError('INVALID_INPUT', `--${option} ${text}: must be a whole number above 0.`)
}
