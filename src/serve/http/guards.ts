import type { Config } from '../../config.ts'
import { TacitError } from '../../errors.ts'
import { isLoopback } from './caller.ts'

/**
 * Refuses requests that were addressed to another name than ours: a page in a browser could otherwise reach a server on
 * its user's machine through a name of its own (DNS rebinding). Where keys are demanded and no names are listed, any will
 * do, since such a page has no key.
 * @throws TacitError FORBIDDEN
 */
export function assertHost(headers: Headers, { server }: Config): void {
  if (!isLoopback(server.host) && server.allowedHosts.length === 0) return
  const host = headers.get('host')
  const name = host === null ? null : hostNameOf(host)
  if (name !== null && (isLoopback(name) || server.allowedHosts.some(allowed => allowed.toLowerCase() === name))) return
  throw new TacitError(
    'FORBIDDEN',
    'The server is not addressed by this host name. Use localhost, or list the name in server.allowedHosts.',
  )
}

/**
 * Refuses requests of web pages that do not come from here and are not listed. Following a link is not one of them.
 * @throws TacitError FORBIDDEN
 */
export function assertOrigin(headers: Headers, config: Config): void {
  const origin = headers.get('origin')
  const isEmbedded = /^(cross|same)-site$/.test(headers.get('sec-fetch-site') ?? '')
  const isPage = headers.get('sec-fetch-mode') === 'navigate'
  if (origin === null && (!isEmbedded || isPage)) return
  if (origin !== null && (isOwnOrigin(origin, headers.get('host')) || isAllowedOrigin(origin, config))) return
  throw new TacitError(
    'FORBIDDEN',
    'Web pages of this origin may not call the server. List it in server.allowedOrigins.',
  )
}

export const isAllowedOrigin = (origin: string, { server }: Config) => server.allowedOrigins.includes(origin)

function isOwnOrigin(origin: string, host: string | null): boolean {
  return host !== null && (origin === `http://${host}` || origin === `https://${host}`)
}

/** Without its port, in lower case; null if it is no host. */
function hostNameOf(host: string): string | null {
  const [, name] = /^(\[[0-9a-f:.]+\]|[^:/?#@\s[\]]+)(?::\d{1,5})?$/i.exec(host) ?? []
  return name?.toLowerCase() ?? null
}
