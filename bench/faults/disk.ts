import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Rng } from '../../src/math/rng.ts'
import type { Fault } from './fault.ts'
import { type Outcome, type Scene, underLoad } from './load.ts'
import { type PostgresSite, postgresSite, sqliteSite } from './site.ts'

const refusals = 5

/** A disk that fills up while it is written to, and on which room is made later. */
export const diskFull: Fault = {
  name: 'disk full, then room again',
  on: ['SQLite', 'PostgreSQL'],
  obstacle: () => (process.getuid?.() === 0 ? null : 'only root may mount a small disk (tmpfs)'),
  make: (site, rng) => (site.store === 'SQLite' ? onSmallFile(rng) : onSmallServer(rng)),
}

async function onSmallFile(rng: Rng): Promise<Outcome> {
  return withDisk(32, async folder => underLoad(sqliteSite(folder), rng, scene => fillForAWhile(folder, scene)))
}

/** A server may end itself when its log cannot be written; whoever looks after it starts it again. */
async function onSmallServer(rng: Rng): Promise<Outcome> {
  return withDisk(192, async folder => {
    const site: PostgresSite = await postgresSite({ parent: folder, settings: { max_wal_size: '32MB' } })
    try {
      return await underLoad(site, rng, async scene => {
        await fillForAWhile(folder, scene)
        await site.server.start()
      })
    } finally {
      await site.close()
    }
  })
}

async function fillForAWhile(folder: string, { writers }: Scene): Promise<void> {
  const ballast = join(folder, 'ballast')
  const refused = Promise.all(writers.map(writer => writer.moreRefused(refusals)))
  fill(ballast)
  await refused
  await rm(ballast)
}

/** Writes to a file until there is no room for one more page. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (const size of [2 ** 20, 2 ** 12]) while (writes(file, Buffer.alloc(size)));
  } finally {
    closeSync(file)
  }
}

function writes(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}

/** A disk in memory of so many MB, at a path of its own. */
async function withDisk<T>(sizeMb: number, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tacit-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', folder])
  try {
    await chmod(folder, 0o755)
    return await use(folder)
  } finally {
    execFileSync('umount', ['--lazy', folder])
    await rm(folder, { recursive: true, force: true })
  }
}
