import { createHash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { z } from 'zod'
import { accessLevels } from '../../engine/operation.ts'
import { TacitError } from '../../errors.ts'
import { nameSchema } from '../../records.ts'

const mostKeys = 10_000

const keySchema = z.strictObject({
  /** Names the key in lists and logs; it does not open anything. */
  id: z.string().regex(/^[a-z0-9]{8}$/),
  name: nameSchema,
  /** The one project that the key opens. */
  project: nameSchema,
  access: z.array(z.enum(accessLevels)).min(1),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  /** SHA-256 of the key, hexadecimal. A key has 256 random bits, so nothing slower is needed to keep it from being found. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
const fileSchema = z.strictObject({ version: z.literal(1), keys: z.array(keySchema).max(mostKeys) })

/** What is kept of an API key. */
export type ApiKey = z.output<typeof keySchema>
/** The same without its hash, to be shown. */
export type ShownKey = Omit<ApiKey, 'sha256'>

/**
 * The API keys of a server, in a file that holds no key, only hashes. It is read again whenever it has changed, so that a
 * key that was revoked is refused by the next request.
 */
export class KeyFile {
  readonly path: string
  #stamp = ''
  #byHash = new Map<string, ApiKey>()

  constructor(path: string) {
    this.path = path
  }

  /** The key as it is on record, if `secret` is one that is not expired. */
  find(secret: string, nowMs: number): ApiKey | null {
    this.#refresh()
    const key = this.#byHash.get(hashOf(secret))
    if (key === undefined || (key.expiresAt !== null && Date.parse(key.expiresAt) <= nowMs)) return null
    return key
  }

  list(): ShownKey[] {
    this.#refresh()
    return [...this.#byHash.values()].map(({ sha256: _sha256, ...shown }) => shown)
  }

  /** Makes a key. The secret is in no file: who does not note it down now has to make another one. */
  create(wanted: Omit<ApiKey, 'id' | 'sha256'>): { key: ShownKey; secret: string } {
    const id = randomBytes(5).toString('hex').slice(0, 8)
    const secret = `tacit_${id}_${randomBytes(32).toString('base64url')}`
    this.#change(keys => {
      if (keys.length < mostKeys) return [...keys, { id, ...wanted, sha256: hashOf(secret) }]
      throw new TacitError('INVALID_INPUT', `${this.path} holds ${mostKeys} keys already. Revoke some first.`)
    })
    return { key: { id, ...wanted }, secret }
  }

  /**
   * Forgets a key, by its id.
   * @throws TacitError NOT_FOUND
   */
  revoke(id: string): ShownKey {
    const found = this.list().find(key => key.id === id)
    if (found === undefined) {
      throw new TacitError(
        'NOT_FOUND',
        `${this.path} has no key ${JSON.stringify(id)}. "tacit keys list" shows the ids.`,
      )
    }
    this.#change(keys => keys.filter(key => key.id !== id))
    return found
  }

  #refresh(): void {
    const stamp = stampOf(this.path)
    if (stamp === this.#stamp) return
    this.#byHash = stamp === '' ? new Map() : readKeys(this.path)
    this.#stamp = stamp
  }

  /**
   * A reader sees the old file or the new one, and nobody but the owner may read either. The new one is at the same time
   * the lock: of two who change the keys at once, neither loses what the other did.
   */
  #change(change: (keys: readonly ApiKey[]) => readonly ApiKey[]): void {
    const fresh = `${this.path}.new`
    const file = openLocked(fresh)
    try {
      const keys = change([...(existsSync(this.path) ? readKeys(this.path) : new Map()).values()])
      writeSync(file, `${JSON.stringify({ version: 1, keys }, null, 2)}\n`)
      renameSync(fresh, this.path)
    } catch (error) {
      rmSync(fresh, { force: true })
      throw error
    } finally {
      closeSync(file)
    }
    this.#stamp = ''
  }
}

function openLocked(fresh: string): number {
  try {
    return openSync(fresh, 'wx', 0o600)
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    if (!isTaken) throw new TacitError('INVALID_CONFIG', `Cannot write ${fresh}. Check its folder.`, { cause })
    throw new TacitError('STORE_BUSY', `Somebody else is changing the keys. Try again; if ${fresh} stays, remove it.`, {
      cause,
    })
  }
}

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

/** Changes whenever the file does; empty if there is none. */
function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true })
  return found === undefined ? '' : `${found.mtimeNs} ${found.size} ${found.ino}`
}

function readKeys(path: string): Map<string, ApiKey> {
  if (!existsSync(path)) return new Map()
  try {
    const { keys } = fileSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    return new Map(keys.map(key => [key.sha256, key]))
  } catch (cause) {
    throw new TacitError(
      'INVALID_CONFIG',
      `${path} cannot be read, or is not a file of API keys. Correct server.keysFile.`,
      {
        cause,
      },
    )
  }
}
