import { type DestinationStream, destination, type Logger, pino } from 'pino'
import type { Config } from '../../config.ts'

export type { Logger }

/** What could carry a secret is not logged, wherever it turns up. */
const secret = ['authorization', 'cookie', 'key', 'secret', 'password', 'headers', 'body', 'input', 'db']
const paths = secret.flatMap(name => [name, `*.${name}`])

/** Structured lines on standard error; standard output stays free for results. */
export function createLog(
  { server }: Config,
  stream: DestinationStream = destination({ dest: 2, sync: true }),
): Logger {
  return pino(
    {
      level: server.logLevel,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      redact: { paths, censor: '[kept out]' },
      formatters: { level: label => ({ level: label }) },
    },
    stream,
  )
}
