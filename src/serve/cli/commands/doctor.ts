import type { Command } from 'commander'
import type { Finding } from '../doctor.ts'
import { addExamples } from '../examples.ts'
import { bold, dim, exitCodes, note, paint, print, printJson } from '../output.ts'
import { globalOptions } from '../session.ts'

export function addDoctor(command: Command): void {
  command.description(
    'Checks the installation: runtime, configuration, database, outcomes, own errors, hooks. Says what is wrong and what to ' +
      'do. Nothing is changed. The exit code is 1 if a check failed.',
  )
  command.option('--verify', 'Also replay the log and compare what was learned; takes a while on a large one')
  addExamples(command, [
    { title: 'Is everything in order?', line: 'tacit doctor' },
    { title: 'For a monitor', line: 'tacit doctor --json' },
  ])
  command.action(() => examine(command))
}

async function examine(command: Command): Promise<void> {
  const options = globalOptions(command)
  const { checks } = await import('../doctor.ts')
  const findings: Finding[] = []
  for await (const finding of checks(options, command.opts<{ verify?: boolean }>().verify === true))
    findings.push(finding)
  const isHealthy = findings.every(({ state }) => state !== 'failed')
  if (!isHealthy) process.exitCode = exitCodes.failed
  if (options.json) {
    printJson({ healthy: isHealthy, findings })
    return
  }
  for (const { check, state, message, advice } of findings) {
    print(`${marks[state]()} ${bold(check)}  ${message}`)
    if (advice !== null) print(dim(`    → ${advice}`))
  }
  note(isHealthy ? 'No check failed.' : 'Some checks failed.')
}

const marks = {
  ok: () => paint('green', 'ok     '),
  warning: () => paint('yellow', 'warning'),
  failed: () => paint('red', 'failed '),
}
