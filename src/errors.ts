/** Every code that Tacit throws, with its meaning. Codes are stable; messages may be reworded. */
export const errorCodes = {
  INVALID_INPUT: 'A value given by the caller has the wrong type, range or shape.',
  INVALID_CONFIG: 'The configuration has an unknown key or a value that is not allowed.',
  NO_ARMS: 'A choice was asked for without any arm to choose from.',
  NOT_FOUND: 'The named decision, file or other thing does not exist.',
  ALREADY_EXISTS: 'The file to be written is there already; it was left as it is.',
  ID_CONFLICT: 'The id is already taken by another fact with different content.',
  STORE_UNAVAILABLE: 'The database cannot be opened, read or written.',
  STORE_BUSY: 'The database stayed locked by other writers for longer than the time limit.',
  STORE_CORRUPT: 'The file is damaged or is not a Tacit database.',
  STORE_NEWER: 'The database was written by a newer version of Tacit.',
  STORE_READ_ONLY: 'The database may be read but not written.',
  DISK_FULL: 'There is no space left for the write; nothing of it was kept.',
  BUNDLE_INVALID: 'An export bundle is damaged, incomplete or of an unknown version.',
  COPY_MISMATCH: 'A copy of a database is not the same as what was copied.',
  REPLAY_MISMATCH: 'Learned state differs from what the log gives when it is replayed.',
  DISABLED: 'Tacit is switched off and the call needs it on.',
  CLOSED: 'The instance was closed before the call.',
  UNAUTHENTICATED: 'The server needs an API key, and none or a wrong one was given.',
  FORBIDDEN: 'The caller may not do this: the key, the host or the origin does not allow it.',
  METHOD_NOT_ALLOWED: 'The address exists, but not with this HTTP method.',
  TOO_LARGE: 'The request is larger than the server takes.',
  UNSUPPORTED_MEDIA_TYPE: 'The body is not JSON, or is packed in a way that the server does not take.',
  RATE_LIMITED: 'Too many requests in a short time. Come back later.',
  OVERLOADED: 'The server has too much to do, or is stopping. Come back later.',
  TIMEOUT: 'There was no answer in time. Whether it was done is not known; repeat it under the same id.',
  UNREACHABLE: 'The server could not be reached, or its answer could not be read.',
  INTERNAL: 'A fault of Tacit itself.',
} as const

export type ErrorCode = keyof typeof errorCodes

/**
 * The one error class of Tacit. `code` can be relied on; `message` says what happened, to what, and what to do next.
 * `details` holds plain data about where (for example the path of a wrong field).
 */
export class TacitError extends Error {
  override readonly name = 'TacitError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}
