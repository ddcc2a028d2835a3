import { isIP } from 'node:net'
import type { Config } from '../../config.ts'
import type { Access } from '../../engine/operation.ts'
import { TacitError } from '../../errors.ts'
import { nameSchema, parse } from '../../records.ts'
import type { KeyFile } from './keys.ts'

/** Who is asking. */
export interface Caller {
  /** The one project that may be read and written. */
  readonly project: string
  /** Null where no key is needed. */
  readonly keyId: string | null
  readonly access: readonly Access[]
}

export const projectHeader = 'Tacit-Project'

/**
 * Who is asking, by the key in the Authorization header. Without a key, callers on this machine may do everything, unless
 * keys are demanded of them too.
 * @throws TacitError UNAUTHENTICATED for a missing or unknown key; FORBIDDEN for another project than the key's.
 */
export function callerOf(headers: Headers, keys: KeyFile, config: Config, nowMs: number): Caller {
  const authorization = headers.get('authorization')
  const named = headers.get(projectHeader)
  const project = named === null ? null : parse(nameSchema, named, `the header ${projectHeader}`)
  if (authorization === null) {
    if (!needsKeys(config)) return { project: project ?? config.scope, keyId: null, access: ['admin'] }
    throw new TacitError('UNAUTHENTICATED', 'An API key is needed. Send it as "Authorization: Bearer <key>".')
  }
  const secret = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  const key = secret === undefined ? null : keys.find(secret, nowMs)
  if (key === null) {
    throw new TacitError(
      'UNAUTHENTICATED',
      'The API key is not known, was revoked or has expired. Ask for another one.',
    )
  }
  if (project !== null && project !== key.project) {
    throw new TacitError('FORBIDDEN', 'The API key is for another project. Leave the project out, or use its own key.')
  }
  return { project: key.project, keyId: key.id, access: key.access }
}

/** @throws TacitError FORBIDDEN */
export function assertAccess({ access }: Caller, needed: Access): void {
  if (access.includes(needed) || access.includes('admin')) return
  throw new TacitError(
    'FORBIDDEN',
    `The API key does not allow this: it needs "${needed}", and the key has ${access.map(each => `"${each}"`).join(', ')}.`,
    { details: { needed } },
  )
}

/** Whether every caller must have a key. */
export const needsKeys = ({ server }: Config) => server.requireKeys || !isLoopback(server.host)

export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}
