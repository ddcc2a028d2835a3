import { open } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import type { Tacit } from '../../../engine/types.ts'
import type { HistoryEntry, QEntry, QTable } from '../../../engine/views/types.ts'
import { TacitError } from '../../../errors.ts'
import { addExamples } from '../examples.ts'
import { plural } from '../format.ts'
import { note, print } from '../output.ts'
import { globalOptions, withTacit } from '../session.ts'

interface ExportOptions {
  readonly qTable?: boolean
  readonly experiences?: boolean
  readonly limit: string
  readonly formula?: string
  readonly format: 'json' | 'csv'
  readonly output?: string
}

const pageSize = 1000
const mostExperiences = 1_000_000

/** Adds `tacit learn export`: the Q-table or the experiences, for other programs. */
export function addLearnExport(command: Command): void {
  command
    .summary('Write the Q-table or the experiences for other programs')
    .description(
      'Writes the estimates as a Q-table, or the experiences with their rewards, as JSON or CSV. It is a view: what Tacit ' +
        'itself can take in again is written by "tacit export".',
    )
    .addOption(new Option('--q-table', 'The estimates (default)').conflicts('experiences'))
    .option('--experiences', 'The experiences, the latest first')
    .option('--limit <n>', 'Most experiences', '10000')
    .option('--formula <name>', 'Reward formula of the experiences (default: utility)')
    .addOption(new Option('--format <name>', 'Form').choices(['json', 'csv']).default('json'))
    .option('--output <file>', 'Write to a new file instead of standard output')
  addExamples(command, [
    { title: 'The Q-table as CSV', line: 'tacit learn export --q-table --format csv' },
    {
      title: 'The last hundred experiences with the reward of another system',
      line: 'tacit learn export --experiences --limit 100 --formula aqe-engine',
    },
  ])
  command.action(() => run(command))
}

async function run(command: Command): Promise<void> {
  const { experiences, limit, formula, format, output } = command.opts<ExportOptions>()
  const most = wholeNumber(limit)
  const { rows, text } = await withTacit(globalOptions(command), 'existing', async tacit => {
    if (experiences) {
      const found = await experiencesOf(tacit, most, formula)
      return {
        rows: found.experiences,
        text: format === 'json' ? json(found) : csv(found.experiences.map(experienceCells)),
      }
    }
    const table = await wholeTable(tacit)
    return { rows: table.entries, text: format === 'json' ? json(table) : csv(table.entries.map(entryCells)) }
  })
  if (output === undefined) print(text)
  else await writeNew(output, `${text}\n`)
  note(`${plural(rows.length, 'row')}${output === undefined ? '' : ` in ${output}`}.`)
}

async function wholeTable(tacit: Tacit): Promise<Omit<QTable, 'next'>> {
  const entries: QEntry[] = []
  for (let after: string | undefined; ; ) {
    const {
      next,
      entries: page,
      ...about
    } = await tacit.learning.qTable({ limit: pageSize, ...(after !== undefined && { after }) })
    entries.push(...page)
    if (next === null) return { ...about, entries }
    after = next
  }
}

async function experiencesOf(tacit: Tacit, most: number, formula: string | undefined) {
  const experiences: HistoryEntry[] = []
  for (let after: string | undefined; ; ) {
    const page = await tacit.learning.history({
      limit: Math.min(pageSize, most - experiences.length),
      ...(formula !== undefined && { formula }),
      ...(after !== undefined && { after }),
    })
    experiences.push(...page.experiences)
    if (page.next === null || experiences.length >= most) return { formula: page.formula, experiences }
    after = page.next
  }
}

const entryCells = ({ state, action, qValue, interval, updateCount, nEff }: QEntry) => ({
  state,
  action,
  q_value: qValue,
  interval_low: interval[0],
  interval_high: interval[1],
  update_count: updateCount,
  n_eff: nEff,
})

const experienceCells = ({ executionId, timestamp, state, action, reward, success }: HistoryEntry) => ({
  execution_id: executionId,
  timestamp,
  state: state.taskType,
  action,
  reward,
  success,
})

const json = (value: unknown) => JSON.stringify(value, null, 2)

type Cell = string | number | boolean | null

/** Comma-separated as in RFC 4180, with a line of names; unknown is empty. */
function csv(rows: readonly Readonly<Record<string, Cell>>[]): string {
  const line = (cells: readonly Cell[]) => cells.map(csvCell).join(',')
  return rows.length === 0 ? '' : [Object.keys(rows[0]!), ...rows.map(row => Object.values(row))].map(line).join('\r\n')
}

/** A text that a spreadsheet would take for a formula is made a text by a quote mark before it. */
function csvCell(cell: Cell): string {
  const text = cell === null ? '' : String(cell)
  const safe = typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx')
    await file.writeFile(text).finally(() => file.close())
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new TacitError('ALREADY_EXISTS', `${path} is there already and was left as it is. Name another file.`, {
      cause,
    })
  }
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0 && value <= mostExperiences) return value
  throw new TacitError(
    'INVALID_INPUT',
    `--limit ${JSON.stringify(text)} must be a whole number from 1 to ${mostExperiences}.`,
  )
}
