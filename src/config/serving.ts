import { z } from 'zod'

const ms = (fallback: number, max = 86_400_000) => z.number().int().min(1).max(max).default(fallback)
const most = (fallback: number, max: number) => z.number().int().min(1).max(max).default(fallback)

/** Options of `tacit serve`; docs/http.md describes them. */
export const servingOptions = {
  server: z
    .strictObject({
      host: z
        .string()
        .min(1)
        .max(255)
        .default('127.0.0.1')
        .describe('Address to listen on; others than this machine need keys'),
      port: z.number().int().min(0).max(65_535).default(7345).describe('Port to listen on; 0: any free one'),
      keysFile: z
        .string()
        .min(1)
        .default('./tacit.keys.json')
        .describe('File of the API keys (hashes only); see "tacit keys"'),
      requireKeys: z.boolean().default(false).describe('Demand a key also from callers on this machine'),
      allowedHosts: z
        .array(z.string().min(1).max(255))
        .default([])
        .describe('Further names under which the server may be addressed (Host header)'),
      allowedOrigins: z
        .array(z.string().min(1).max(255))
        .default([])
        .describe('Web origins whose pages may call the server (CORS), for example https://tools.example.com'),
      maxBodyBytes: most(4_194_304, 268_435_456).describe('Longest request body, bytes'),
      requestTimeoutMs: ms(30_000).describe('Longest time for receiving a request, and again for answering it, ms'),
      idleTimeoutMs: ms(10_000).describe('A connection without requests is closed after this, ms'),
      stopTimeoutMs: ms(10_000).describe('Longest wait for running requests when the server is stopped, ms'),
      requestsPerSecond: z
        .number()
        .positive()
        .nullable()
        .default(1000)
        .describe('Requests per second and key (or address), twice as many at once; null: no limit'),
      maxInFlight: most(256, 100_000).describe('Requests worked on at once; further ones are told to come back'),
      maxConnections: most(1024, 1_000_000).describe('Open connections at once'),
      maxEventStreams: most(32, 10_000).describe('Open event streams at once'),
      maxProjects: most(64, 10_000).describe('Projects held open at once'),
      logLevel: z
        .enum(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('Least serious messages to log'),
    })
    .prefault({}),
}
