import { type ExecFileException, execFile } from 'node:child_process'

/** Runs a program to its end and gives what it printed; throws with what it complained about if it fails. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly uid?: number; readonly gid?: number } = {},
): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...options, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${program} ${reasonOf(error, stderr)}`, { cause: error }))
    })
  })
}

function reasonOf(error: ExecFileException, stderr: string): string {
  if (error.code === 'ENOENT') return 'is not there.'
  return `failed (${error.code ?? error.signal}): ${stderr.trim().slice(-2_000) || 'it said nothing.'}`
}
