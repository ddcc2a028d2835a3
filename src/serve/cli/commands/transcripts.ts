import { type Command, Option } from 'commander'
import {
  type ArmKind,
  armKinds,
  emptyTranscriptReport,
  importTranscripts,
  type TranscriptReport,
} from '../../../engine/transcripts.ts'
import { addExamples } from '../examples.ts'
import { formatCount, plural } from '../format.ts'
import { openLines } from '../lines.ts'
import { dim, exitCodes, note, paint, print, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import { globalOptions, withTacit } from '../session.ts'
import { defaultTranscripts, findSessions } from '../transcript-files.ts'

const maxShown = 10

export function addTranscripts(importCommand: Command): void {
  const command = importCommand
    .command('transcripts')
    .description(
      'Takes in session logs of Claude Code: each prompt and each sub-agent becomes an execution with its task, model, ' +
        'tools in order, duration, tokens and errors. Success is set only where the log shows it: a run of tests after the ' +
        'last edit, or a failure. Importing again records nothing twice; work that still goes on is left for the next time.',
    )
    .argument('[directory]', 'Directory of logs, or one log (default: where Claude Code keeps them)')
    .addOption(
      new Option('--arms <kind>', 'What an arm is: the agent, the model, or both together')
        .choices(armKinds)
        .default('agent'),
    )
    .option('--dry-run', 'Read everything and count; write nothing')
  addExamples(command, [
    { title: 'Everything that Claude Code has kept', line: 'tacit import transcripts' },
    { title: 'One project, to compare models', line: 'tacit import transcripts ./logs --arms model' },
  ])
  command.action((directory: string | undefined) => run(command, directory ?? defaultTranscripts()))
}

async function run(command: Command, directory: string): Promise<void> {
  const options = globalOptions(command)
  const { arms, dryRun = false } = command.optsWithGlobals<{ arms: ArmKind; dryRun?: boolean }>()
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  const { sessions, totalBytes } = findSessions(directory)
  const progress = createProgress('Reading logs')
  const report = emptyTranscriptReport()
  let readBytes = 0
  async function* open(file: string) {
    const source = await openLines(file)
    let taken = 0
    for await (const { text } of source.lines) {
      readBytes += source.readBytes() - taken
      taken = source.readBytes()
      progress.update(
        totalBytes === 0 ? 1 : readBytes / totalBytes,
        `${report.sessions} of ${sessions.length} sessions`,
      )
      yield text
    }
  }
  const settings = { open, armKind: arms, nowMs: Date.now(), signal: interruption.signal }
  process.once('SIGINT', interrupt)
  try {
    await (dryRun
      ? importTranscripts(null, sessions, report, settings)
      : withTacit(options, 'create', tacit => importTranscripts(tacit, sessions, report, settings)))
    if (interruption.signal.aborted) process.exitCode = exitCodes.interrupted
    else if (report.failed > 0) process.exitCode = exitCodes.failed
  } finally {
    process.off('SIGINT', interrupt)
    progress.clear()
    if (options.json) printJson({ directory, dryRun, interrupted: interruption.signal.aborted, ...report })
    else show(report, directory, dryRun, interruption.signal.aborted)
  }
}

function show(report: TranscriptReport, directory: string, dryRun: boolean, interrupted: boolean): void {
  for (const { session, message } of report.failures.slice(0, maxShown)) note(`session ${session}: ${message}`)
  if (interrupted) note('Interrupted; run it again to go on.')
  const failed = `${formatCount(report.failed)} failed`
  const counts = dryRun
    ? `${plural(report.stored, 'execution')} found; nothing was written`
    : `${plural(report.stored, 'new execution')}, ${plural(report.duplicates, 'duplicate')}, ${
        report.failed > 0 ? paint('red', failed) : failed
      }`
  print(`${plural(report.sessions, 'session')} in ${directory}, ${plural(report.lines, 'line')}: ${counts}`)
  if (report.recordedLive > 0) print(`${plural(report.recordedLive, 'prompt')} had been recorded by hooks already.`)
  if (report.unfinished > 0)
    print(`${plural(report.unfinished, 'execution')} may still go on and will be taken next time.`)
  const kinds = Object.entries(report.skipped).sort(([, a], [, b]) => b - a)
  if (kinds.length > 0) {
    const list = kinds.slice(0, maxShown).map(([kind, count]) => `${kind} ${formatCount(count)}`)
    const more = kinds.length > maxShown ? `, and ${plural(kinds.length - maxShown, 'more kind')} (--json)` : ''
    print(dim(`Lines with nothing to keep: ${list.join(', ')}${more}`))
  }
}
