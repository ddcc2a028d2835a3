import { styleText } from 'node:util'
import { TacitError } from '../../errors.ts'

/** Exit codes of `tacit`. */
export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const

type Style = Parameters<typeof styleText>[0]

/** Colours `text` where the stream is a terminal or FORCE_COLOR says so, and NO_COLOR does not forbid it. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream })
}
export const dim = (text: string) => paint('dim', text)
export const bold = (text: string) => paint('bold', text)

/** Results go to standard output, and nothing else does. One JSON value: on one line, or indented for a terminal. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0)}\n`)
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** What the user should know beside the result, on standard error. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Reports a failure on standard error, sets the exit code, and shows the stack only when TACIT_DEBUG is set. */
export function reportError(error: unknown, asJson: boolean): void {
  const { code, message, details } = describeError(error)
  if (asJson) note(JSON.stringify({ error: { code, message, details } }))
  else note(`${paint('red', `error ${code}:`, process.stderr)} ${message}`)
  if (process.env.TACIT_DEBUG && error instanceof Error) note(error.stack ?? '')
  process.exitCode = isUsageError(error) ? exitCodes.usage : exitCodes.failed
}

function describeError(error: unknown): { code: string; message: string; details: unknown } {
  if (error instanceof TacitError) return error
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'INTERNAL',
    message: `${message}. This is a fault of Tacit; run again with TACIT_DEBUG=1.`,
    details: {},
  }
}

const usageCodes: ReadonlySet<string> = new Set(['INVALID_INPUT', 'INVALID_CONFIG', 'NO_ARMS'])

function isUsageError(error: unknown): boolean {
  return error instanceof TacitError && usageCodes.has(error.code)
}
