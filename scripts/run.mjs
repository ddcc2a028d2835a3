// Runs the project's commands on the pinned runtime: `node scripts/run.mjs test|demo|…`. No dependencies, any Node ≥ 18.
// Installs first when node_modules is missing or older than the lock file.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node = join(root, 'node_modules/node/bin/node')
const tsc = ['node_modules/typescript-7/bin/tsc']
const biome = ['node_modules/@biomejs/biome/bin/biome']

const commands = {
  check: [[...tsc, '--noEmit'], [...biome, 'check'], ['node_modules/knip/bin/knip.js']],
  test: ['check', ['node_modules/vitest/vitest.mjs', 'run']],
  vitest: [['node_modules/vitest/vitest.mjs']],
  demo: [['src/serve/cli/main.ts', 'demo']],
  tacit: [['src/serve/cli/main.ts']],
  parity: [['test/parity/report.ts']],
  'bench:quality': [['--max-old-space-size=4096', 'bench/quality/main.ts']],
  build: [[...tsc, '-p', 'tsconfig.build.json']],
  format: [[...biome, 'check', '--write']],
}

const [name, ...rest] = process.argv.slice(2)
if (!Object.hasOwn(commands, name ?? '')) {
  console.error(`Unknown command ${name ?? '(none)'}. One of: ${Object.keys(commands).join(', ')}.`)
  process.exit(2)
}
install()
for (const [index, step] of steps(name).entries()) run(step, index === steps(name).length - 1 ? rest : [])

function steps(command) {
  return commands[command].flatMap(step => (typeof step === 'string' ? steps(step) : [step]))
}

function install() {
  const installed = join(root, 'node_modules/.package-lock.json')
  const isFresh =
    existsSync(installed) &&
    existsSync(node) &&
    statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  if (isFresh) return
  console.error('Installing dependencies (npm ci) …')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    console.error('The installation failed; its messages are above. It needs the npm registry and write access here.')
    process.exit(1)
  }
}

function run(args, extra) {
  const { status, error } = spawnSync(node, [...args, ...extra], { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
