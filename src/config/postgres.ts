import { z } from 'zod'

const ms = (least: number, fallback: number) => z.number().int().min(least).max(86_400_000).default(fallback)

/** Options for databases on PostgreSQL; docs/postgres.md describes them. */
export const postgresOptions = {
  postgres: z
    .strictObject({
      poolSize: z.number().int().min(1).max(1000).default(10).describe('Most connections to PostgreSQL at a time'),
      statementTimeoutMs: ms(0, 60_000).describe('Longest time of one statement on PostgreSQL, ms; 0: no limit'),
      connectTimeoutMs: ms(1, 10_000).describe('Longest wait for a connection to PostgreSQL, ms'),
      replicaUrl: z
        .string()
        .regex(/^postgres(ql)?:/i, 'must be a postgres:// URL')
        .nullable()
        .default(null)
        .describe('Standby that answers analytics and similarity; null: the database itself'),
      replicaMaxLagMs: ms(0, 60_000).describe(
        'How long a fact may be missing on the standby before it is passed over, ms',
      ),
    })
    .prefault({}),
}

/** Names that earlier systems used for the parts of a URL, first come first served. */
const variables = {
  hostname: ['POSTGRES_HOST', 'CLAUDE_LEARNING_DB_HOST'],
  port: ['POSTGRES_PORT', 'CLAUDE_LEARNING_DB_PORT'],
  pathname: ['POSTGRES_DB', 'CLAUDE_LEARNING_DB_NAME'],
  username: ['POSTGRES_USER', 'CLAUDE_LEARNING_DB_USER'],
  password: ['POSTGRES_PASSWORD', 'CLAUDE_LEARNING_DB_PASSWORD'],
} as const

/** Whether `db` is the URL of a PostgreSQL database. */
export const isPostgres = (db: string) => /^postgres(ql)?:/i.test(db)

/** `db`; where it is a PostgreSQL URL, the parts that it leaves out are taken from the environment. */
export function completeUrl(db: string, environment: Readonly<Record<string, string | undefined>>): string {
  const url = isPostgres(db) ? URL.parse(db) : null
  if (url === null) return db
  const given = (names: readonly string[]) => names.map(name => environment[name]).find(Boolean)
  let isChanged = false
  for (const [part, names] of Object.entries(variables) as [keyof typeof variables, readonly string[]][]) {
    const value = given(names)
    const isLeftOut = part === 'pathname' ? url.pathname.length <= 1 : url[part] === ''
    if (value === undefined || !isLeftOut || (part !== 'pathname' && url.searchParams.has('host'))) continue
    url[part] = part === 'hostname' || part === 'port' ? value : encodeURIComponent(value)
    isChanged = true
  }
  return isChanged ? url.href : db
}

/** `db` as it may be shown: without the password. */
export function withoutPassword(db: string): string {
  const url = isPostgres(db) ? URL.parse(db) : null
  if (url === null) return isPostgres(db) ? 'postgres://…' : db
  if (url.password === '') return db
  url.password = '***'
  return url.href
}

/** `db` as it stands in a line to paste: with the user, and without the password, which the environment can give. */
export function urlToPaste(db: string): string {
  const url = isPostgres(db) ? URL.parse(db) : null
  if (url === null || url.password === '') return db
  url.password = ''
  return url.href
}
