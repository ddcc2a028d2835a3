// Runs the project's commands on the pinned runtime: `node scripts/run.mjs test|demo|…`. No dependencies, any Node ≥ 18.
// Installs first when node_modules is missing or older than the lock file.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled, runtimeOf } from './install.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const tsc = ['node_modules/typescript-7/bin/tsc']
const biome = ['node_modules/@biomejs/biome/bin/biome']
const vitest = ['node_modules/vitest/vitest.mjs']

/** Each command is a list of steps: arguments for Node, or the name of another command. */
const commands = {
  check: [[...tsc, '--noEmit'], [...biome, 'check', '--error-on-warnings'], ['node_modules/knip/bin/knip.js']],
  test: [
    'check',
    [...tsc, '--noEmit', '-p', 'test/adapters'],
    [...vitest, 'run', '--reporter=default', '--reporter=./scripts/counts-reporter.mjs'],
  ],
  vitest: [vitest],
  demo: [['src/serve/cli/main.ts', 'demo']],
  tacit: [['src/serve/cli/main.ts']],
  parity: [['test/parity/report.ts']],
  readme: [['scripts/readme.ts']],
  'bench:quality': [['--max-old-space-size=4096', 'bench/quality/main.ts']],
  'bench:scale': [['bench/scale/main.ts']],
  faults: [['bench/faults/main.ts']],
  build: [[...tsc, '-p', 'tsconfig.build.json']],
  format: [[...biome, 'check', '--write']],
}

const [name, ...rest] = process.argv.slice(2)
if (!Object.hasOwn(commands, name ?? '')) {
  console.error(`Unknown command ${name ?? '(none)'}. One of: ${Object.keys(commands).join(', ')}.`)
  process.exit(2)
}
// The packages of the frameworks that adapters are tested with are heavy; nothing else needs them.
const needsFrameworks = ['test', 'vitest'].includes(name)
const problem =
  ensureInstalled(root) ??
  (needsFrameworks ? ensureInstalled(join(root, 'test/adapters'), { hasOwnRuntime: false, what: 'frameworks' }) : null)
if (problem !== null) {
  console.error(problem)
  process.exit(1)
}
const steps = stepsOf(name)
for (const [index, step] of steps.entries()) await run(index === steps.length - 1 ? [...step, ...rest] : step)

function stepsOf(command) {
  return commands[command].flatMap(step => (typeof step === 'string' ? stepsOf(step) : [step]))
}

/** Runs one step; ends this process as the step ended, unless it ended well. Signals are passed on to it. */
async function run(args) {
  const child = spawn(runtimeOf(root), args, { cwd: root, stdio: 'inherit' })
  const forward = signal => child.kill(signal)
  // At a terminal Ctrl-C reaches the child by itself; twice would make some programs break off at once.
  const ignore = () => {}
  const handlers = { SIGINT: process.stdin.isTTY ? ignore : forward, SIGTERM: forward, SIGHUP: forward }
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler)
  const [status, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (...ending) => resolve(ending))
  })
  for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler)
  if (signal !== null) process.exit(128 + constants.signals[signal])
  if (status !== 0) process.exit(status)
}
