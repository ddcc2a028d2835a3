import type { Command } from 'commander'
import { TacitClient } from '../../../client/index.ts'
import type { LogEvent, Tacit } from '../../../engine/types.ts'
import { TacitError } from '../../../errors.ts'
import { addExamples } from '../examples.ts'
import { print } from '../output.ts'
import { renderEvent, renderView, type ViewState, withEvents } from '../render/watch.ts'
import { globalOptions, withTacit } from '../session.ts'

const refreshMs = 1000

interface WatchFlags {
  readonly url?: string
  readonly key?: string
  readonly after?: string
}
type Source = Pick<Tacit, 'follow' | 'status' | 'metrics'>

export function addWatch(command: Command): void {
  command
    .description(
      'Shows what happens as it happens: decisions, outcomes, how many outcomes have come, and how the arms do. It watches ' +
        'the database, whichever process writes to it, or a server. Ctrl-C ends it.',
    )
    .option('--url <url>', 'Watch a server instead of the database (TACIT_URL)')
    .option('--key <key>', 'API key for the server; rather set TACIT_KEY, which no process list shows')
    .option('--after <place>', 'Begin after this place in the log; 0: at its start (default: now)')
  addExamples(
    command,
    [
      { title: 'The database in use', line: 'tacit watch' },
      { title: 'A server', line: 'tacit watch --url http://localhost:7345' },
      { title: 'Every event as JSON, one per line, from the start of the log', line: 'tacit watch --json --after 0' },
    ],
    'Where standard output is no terminal, events are printed one per line.',
  )
  command.action(() => watch(command))
}

async function watch(command: Command): Promise<void> {
  const options = globalOptions(command)
  const { url = process.env.TACIT_URL, key = process.env.TACIT_KEY, after } = command.opts<WatchFlags>()
  const follow = { ...(after !== undefined && { after: placeFrom(after) }), signal: interrupted() }
  const show = (source: Source) =>
    (!options.json && process.stdout.isTTY ? showView : showLines)(source, follow, !!options.json)
  if (!url) return withTacit(options, 'existing', show)
  const { scope } = options
  await show(new TacitClient({ url, ...(key ? { key } : {}), ...(scope !== undefined && { project: scope }) }))
}

async function showLines(source: Source, follow: Parameters<Tacit['follow']>[0], asJson: boolean): Promise<void> {
  const write = (event: LogEvent) => print(asJson ? JSON.stringify(event) : renderEvent(event))
  for await (const { events } of source.follow(follow)) events.forEach(write)
}

/** Redraws the whole screen about once a second, on the terminal's second page, and leaves the first as it was. */
async function showView(source: Source, follow: Parameters<Tacit['follow']>[0]): Promise<void> {
  const { stdout } = process
  let state: ViewState = { recent: [], arms: new Map(), seen: 0 }
  let drawnAtMs = Number.NEGATIVE_INFINITY
  stdout.write('\u001B[?1049h\u001B[?25l')
  try {
    for await (const { events } of source.follow(follow)) {
      state = withEvents(state, events)
      if (performance.now() - drawnAtMs < refreshMs) continue
      drawnAtMs = performance.now()
      const [status, metrics] = await Promise.all([source.status(), source.metrics({ groupBy: ['arm'] })])
      const text = renderView(state, status, metrics, { columns: stdout.columns || 80, rows: stdout.rows || 24 })
      stdout.write(`\u001B[H\u001B[J${text}`)
    }
  } finally {
    stdout.write('\u001B[?25h\u001B[?1049l')
  }
}

function placeFrom(text: string): number {
  const place = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(place)) return place
  throw new TacitError('INVALID_INPUT', `--after ${JSON.stringify(text)} must be a whole number: a place in the log.`)
}

/** Ctrl-C (or SIGTERM) is the way to end it, and no failure; a second one ends it at once. */
function interrupted(): AbortSignal {
  const control = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => control.abort())
  return control.signal
}
