import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../../src/serve/cli/main.ts', import.meta.url))

/** Many short processes load the same sources: compile them once. */
const compileCache = join(tmpdir(), 'tacit-test-compile-cache')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly stdin?: string | Buffer
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called once when standard error or output first holds something. */
  readonly onStart?: (child: ReturnType<typeof spawn>) => void
}

/** Runs the real command line in a process of its own, with nothing of this one's settings. */
export function tacit(args: readonly string[], { stdin, cwd, env, onStart }: RunOptions = {}): Promise<Finished> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: 'pipe',
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', chunk => stdout.push(chunk))
  child.stderr.on('data', chunk => stderr.push(chunk))
  // A command that ends without reading its input closes the pipe; that is its right.
  child.stdin.on('error', () => child.stdin.destroy())
  onStart?.(child)
  if (onStart === undefined || stdin !== undefined) child.stdin.end(stdin)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    })
  })
}

/** A directory that is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tacit-cli-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A command line split into words as a POSIX shell would. */
export function splitWords(line: string): string[] {
  const words: string[] = []
  for (const [, ...parts] of line.matchAll(/((?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+)/g)) {
    words.push(
      parts[0]!.replace(/'([^']*)'|"([^"]*)"|\\(.)/g, (_, single, double, escaped) => single ?? double ?? escaped),
    )
  }
  return words
}
