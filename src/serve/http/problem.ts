import type { Context } from 'hono'
import { type ErrorCode, TacitError } from '../../errors.ts'

/** The HTTP status that goes with each code. */
const statusOf: Readonly<Record<ErrorCode, number>> = {
  INVALID_INPUT: 400,
  NO_ARMS: 400,
  BUNDLE_INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  ALREADY_EXISTS: 409,
  ID_CONFLICT: 409,
  COPY_MISMATCH: 409,
  REPLAY_MISMATCH: 409,
  DISABLED: 409,
  TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  INVALID_CONFIG: 500,
  STORE_CORRUPT: 500,
  STORE_NEWER: 500,
  STORE_READ_ONLY: 500,
  UNREACHABLE: 502,
  CLOSED: 503,
  OVERLOADED: 503,
  STORE_BUSY: 503,
  STORE_UNAVAILABLE: 503,
  TIMEOUT: 504,
  DISK_FULL: 507,
}

const longestDetail = 2000
const mostIssues = 50

/** An error as RFC 9457 has it, with our code; `details` is what the error knows about where. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly requestId: string
}

/** What a caller is told of an error: of a fault of ours only that there was one, under which request the log has it. */
export function problemOf(error: unknown, requestId: string): Problem {
  const known = error instanceof TacitError ? error : internal(error)
  const status = statusOf[known.code]
  return {
    type: 'about:blank',
    title: titles[status] ?? 'Error',
    status,
    detail: cut(known.message),
    code: known.code,
    details: boundedDetails(known.details),
    requestId,
  }
}

/** The response for a problem. Where trying again later makes sense, it says when. */
export function problemResponse(context: Context, problem: Problem): Response {
  const { code, details } = problem
  const headers = new Headers({ 'Content-Type': 'application/problem+json' })
  if (code === 'UNAUTHENTICATED') headers.set('WWW-Authenticate', 'Bearer realm="tacit"')
  if (code === 'METHOD_NOT_ALLOWED') headers.set('Allow', String(details.allow ?? ''))
  if (retriable.has(code)) headers.set('Retry-After', String(details.retryAfterSeconds ?? 1))
  // What of the body was not read stays unread: the connection cannot be used again.
  if (code === 'TOO_LARGE') headers.set('Connection', 'close')
  return context.body(JSON.stringify(problem), problem.status as 400, Object.fromEntries(headers))
}

const retriable: ReadonlySet<ErrorCode> = new Set(['RATE_LIMITED', 'OVERLOADED', 'STORE_BUSY', 'CLOSED'])

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  507: 'Insufficient Storage',
}

const internal = (cause: unknown) =>
  new TacitError('INTERNAL', 'The server failed at this request. Its log has more under the request id.', { cause })

const cut = (text: string) => (text.length <= longestDetail ? text : `${text.slice(0, longestDetail).toWellFormed()} …`)

/** A body of thousands of wrong fields is not answered by as long a list. */
function boundedDetails(details: TacitError['details']): TacitError['details'] {
  const { issues } = details
  if (!Array.isArray(issues)) return details
  const shown = issues.slice(0, mostIssues).map(({ path, message }: { path: string; message: string }) => ({
    path: cut(path),
    message: cut(message),
  }))
  return { ...details, issues: shown, ...(issues.length > mostIssues && { issuesLeftOut: issues.length - mostIssues }) }
}
