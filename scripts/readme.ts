import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../src/config.ts'

/**
 * README.md shows an example, what it prints, a tour of the command line and every option. All of it is real: this file
 * makes these parts anew (`node scripts/run.mjs readme`), and a test compares them with what README.md says.
 */
const project = join(import.meta.dirname, '..')
const path = join(project, 'README.md')
const example = 'examples/quickstart.ts'

export function readme(): string {
  return readFileSync(path, 'utf8')
}

/** `page` with the parts that can be computed computed. The commands of the tour are taken from the page itself. */
export function refreshed(page: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tacit-readme-'))
  try {
    const code = readFileSync(join(project, example), 'utf8').replace('../src/index.ts', 'tacit-ai')
    return page
      .replace(block('ts'), () => fenced('ts', code))
      .replace(block('text'), () => fenced('text', run([join(project, example)], folder)))
      .replace(block('console'), tour => fenced('console', tourAgain(tour, folder)))
      .replace(/^\| option \|.*\n(\|.*\n)*/m, optionTable)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const block = (language: string) => new RegExp(`^\`\`\`${language}\\n[\\s\\S]*?^\`\`\`$`, 'm')
const fenced = (language: string, text: string) => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``

function tourAgain(tour: string, folder: string): string {
  const lines = tour.split('\n').filter(line => line.startsWith('$ tacit '))
  return lines
    .map(line => `${line}\n${run([join(project, 'src/serve/cli/main.ts'), ...words(line)], folder)}`)
    .join('\n')
}

/** The words after `$ tacit`, with what stands in double quotes as one. */
const words = (line: string) =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!).slice(2)

function optionTable(): string {
  const shown = (value: unknown) => {
    if (value === undefined) return 'unset'
    return value === '' ? 'empty' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
  }
  const { settings } = loadConfig()
  const rows = settings.map(({ key, value, description }) => `| \`${key}\` | ${shown(value)} | ${description} |`)
  return `${['| option | default | meaning |', '|---|---|---|', ...rows].join('\n')}\n`
}

/** Standard output of a program that ends well, with a fixed seed and without this machine's settings. */
function run(args: readonly string[], cwd: string): string {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, TACIT_SEED: 'readme', NO_COLOR: '1' }
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', env })
  if (status === 0) return stdout
  throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
}

if (import.meta.main) writeFileSync(path, refreshed(readme()))
