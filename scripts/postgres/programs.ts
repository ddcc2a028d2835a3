import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedPrograms, fetchPrograms } from './packages.ts'
import { run } from './run.ts'

const oldestMajor = 16

let found: Promise<string> | undefined

/**
 * The folder of PostgreSQL's programs (postgres, initdb, pg_basebackup …), 16 or newer with pgvector: what is
 * installed on this machine, else what was fetched before, else fetched now.
 * @throws Error that says why there is none and what to do.
 */
export function postgresPrograms(): Promise<string> {
  found ??= find()
  return found
}

async function find(): Promise<string> {
  for (const folder of await installedFolders()) if (await isUsable(folder)) return folder
  try {
    return cachedPrograms() ?? (await fetchPrograms())
  } catch (cause) {
    throw new Error(
      `There is no PostgreSQL ${oldestMajor} or newer with pgvector on this machine, and it could not be fetched: ` +
        `${(cause as Error).message}\nInstall both (their programs on PATH: pg_config), or set ` +
        'TACIT_TEST_DATABASE_URL to a server whose user may create databases and the extension "vector".',
      { cause },
    )
  }
}

/** Where installations put their programs: what is on PATH, then Debian's folder per version, newest first. */
async function installedFolders(): Promise<string[]> {
  const onPath = await run('pg_config', ['--bindir']).then(
    text => [text.trim()],
    () => [],
  )
  const debian = '/usr/lib/postgresql'
  const majors = existsSync(debian) ? (await readdir(debian)).toSorted((a, b) => Number(b) - Number(a)) : []
  return [...onPath, ...majors.map(major => join(debian, major, 'bin'))]
}

async function isUsable(folder: string): Promise<boolean> {
  if (!['postgres', 'initdb', 'pg_config'].every(name => existsSync(join(folder, name)))) return false
  const version = await run(join(folder, 'postgres'), ['--version'])
  const shared = (await run(join(folder, 'pg_config'), ['--sharedir'])).trim()
  const major = Number(/\d+/.exec(version)?.[0])
  return major >= oldestMajor && existsSync(join(shared, 'extension/vector.control'))
}
