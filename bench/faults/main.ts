import { parseArgs } from 'node:util'
import { faults } from './faults.ts'
import { postgresSite, type Site, type StoreName, sqliteSite } from './site.ts'
import { isSound, type Result, tryFault } from './try.ts'

const help = `Usage: npm run faults -- [options]

Makes trouble while processes write: kills them and the server, fills the disk, cuts and silences the network, turns
clocks. After each try everything that was acknowledged must be in the log once, replay must agree with the learned
state, and the processes left alive must have gone on by themselves. docs/faults.md says what each fault does.

Options
  --tries N       how often each fault is made (default: 10)
  --store NAME    sqlite or postgresql (default: both; a PostgreSQL is started for it)
  --only TEXT     only faults whose name contains TEXT
  --seed TEXT     seed of the moments at which trouble comes (default: faults)
  --json          one line of JSON per fault and store
  --help          this text

Exit code 1 if anything was lost or counted twice, or if somebody could not go on.`

/** Runs the faults: a line per fault and store to stdout, progress to stderr. Returns the exit code. */
async function main(): Promise<number> {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    options: { tries: text, store: text, only: text, seed: text, json: flag, help: flag },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const tries = Number(values.tries ?? 10)
  if (!Number.isSafeInteger(tries) || tries < 1)
    throw new Error(`--tries ${values.tries}: must be a whole number from 1.`)
  const stores: readonly StoreName[] = (['SQLite', 'PostgreSQL'] as const).filter(
    name => values.store === undefined || name.toLowerCase() === values.store.toLowerCase(),
  )
  const chosen = faults.filter(({ name }) => name.includes(values.only ?? ''))
  if (stores.length === 0 || chosen.length === 0) throw new Error('No fault fits --store and --only. See --help.')

  let isAllSound = true
  if (!values.json) console.log(title)
  for (const store of stores) {
    const site: Site = store === 'SQLite' ? sqliteSite() : await postgresSite()
    try {
      for (const fault of chosen.filter(({ on }) => on.includes(store))) {
        process.stderr.write(`${store}: ${fault.name} …\n`)
        const result = await tryFault(fault, site, tries, values.seed ?? 'faults')
        isAllSound &&= isSound(result)
        console.log(values.json ? JSON.stringify(result) : lineOf(result))
      }
    } finally {
      await site.close()
    }
  }
  return isAllSound ? 0 : 1
}

const widths = [38, 11, 6, 13, 6, 7] as const
const title = row(['fault', 'store', 'tries', 'acknowledged', 'lost', 'double'], 'refused meanwhile')

function lineOf(result: Result): string {
  const { fault, store, tries, acknowledged, lost, double, refused, skipped, failures } = result
  const codes = Object.entries(refused).map(([code, times]) => `${code} ×${times}`)
  const last = skipped === null ? codes.join(', ') || 'nothing' : `not tried: ${skipped}`
  const line = row([fault, store, ...[tries, acknowledged, lost, double].map(String)], last)
  return [line, ...failures.map(failure => `  FAILED: ${failure}`)].join('\n')
}

function row(cells: readonly string[], last: string): string {
  return [
    ...cells.map((cell, index) => (index < 2 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!))),
    ` ${last}`,
  ].join(' ')
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 2
}
