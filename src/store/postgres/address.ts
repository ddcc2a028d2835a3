import { TacitError } from '../../errors.ts'

/** Where a PostgreSQL database is. */
export interface Address {
  /** As the driver takes it, with the credentials. */
  readonly url: string
  /** For people: without credentials. */
  readonly location: string
}

/** Parameters of the URL; each means what it means to PostgreSQL's own tools. */
const knownParameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host', 'user', 'application_name']
const sslModes = ['disable', 'require', 'verify-ca', 'verify-full']

/** Whether `db` names a PostgreSQL database. */
export const isPostgresUrl = (db: string): boolean => /^postgres(ql)?:/i.test(db)

/**
 * Reads a URL such as `postgres://user:password@host:5432/database?sslmode=verify-full`. Errors never quote the URL,
 * since it may hold a password.
 * @throws TacitError INVALID_CONFIG for a URL that cannot be read or a parameter that is not known.
 */
export function parseAddress(text: string): Address {
  const url = readUrl(text)
  for (const name of url.searchParams.keys()) {
    if (knownParameters.includes(name)) continue
    throw wrong(`has the unknown parameter "${printable(name)}". Known are ${knownParameters.join(', ')}`)
  }
  const mode = url.searchParams.get('sslmode')
  if (mode !== null && !sslModes.includes(mode)) {
    throw wrong(`has an unknown sslmode. Known are ${sslModes.join(', ')}`)
  }
  // Without this the driver would take "require" for "verify-full", against what the rest of the world means by it.
  if (mode !== null) url.searchParams.set('uselibpqcompat', 'true')
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname)
  const port = url.port === '' ? '' : `:${url.port}`
  return { url: url.href, location: `postgres://${host}${port}${url.pathname}` }
}

function readUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null) {
    throw wrong(
      'cannot be read. Its form is postgres://user:password@host:5432/database; ' +
        'in the password, write characters such as @ : / ? # % as %40 %3A %2F %3F %23 %25',
    )
  }
  // An @ or # so late means that the password held a character that ends it.
  if (/[@#]/.test(url.pathname + url.search + url.hash)) {
    throw wrong('has @ or # behind the host. In the password, write @ : / ? # % as %40 %3A %2F %3F %23 %25')
  }
  for (const part of [url.username, url.password, url.hostname, url.pathname]) {
    if (!isDecodable(part)) throw wrong('has a % that encodes nothing. In the password, write % as %25')
  }
  return url
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const printable = (text: string) => text.slice(0, 64)

const wrong = (text: string) => new TacitError('INVALID_CONFIG', `The URL of the PostgreSQL database ${text}.`)
