import { parseArgs } from 'node:util'
import { arithmetic } from './arithmetic.ts'
import { fillAndMeasure, type Growth } from './growth.ts'
import { postgresPlace, sqlitePlace } from './places.ts'

const help = `Usage: npm run bench:scale -- [options]

Writes executions (a decision with its prediction and vector, an outcome, every fourth with feedback) on both stores,
measures by how many bytes each table grows per execution, and works out what that comes to at 1,000 to 1,000,000
executions a day. docs/scale.md shows the figures.

Options
  --executions N   how many are written on each store (default: 4000)
  --json           the figures as JSON
  --help           this text`

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({ options: { executions: text, json: flag, help: flag } })
  if (values.help) {
    console.log(help)
    return
  }
  const executions = Number(values.executions ?? 4000)
  if (!Number.isSafeInteger(executions) || executions < 100)
    throw new Error('--executions: must be a whole number from 100.')
  const growths: Growth[] = []
  for (const place of [sqlitePlace, postgresPlace]) growths.push(await fillAndMeasure(place, executions))
  if (values.json) console.log(JSON.stringify(growths))
  else for (const growth of growths) console.log(`${tableOf(growth)}\n\n${arithmetic(growth)}\n`)
}

function tableOf({ store, executions, bytesByTable, bytes }: Growth): string {
  const rows = Object.entries(bytesByTable)
    .filter(([, size]) => size >= 1)
    .toSorted((a, b) => b[1] - a[1])
  const lines = [...rows, ['all', bytes] as const].map(([name, size]) => `| ${name} | ${Math.round(size)} |`)
  return [
    `${store}, ${executions} executions`,
    '',
    '| table with its indexes | bytes per execution |',
    '|---|---|',
    ...lines,
  ].join('\n')
}

await main()
