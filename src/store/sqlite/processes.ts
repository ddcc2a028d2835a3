import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import type { Client } from '../admin.ts'

/**
 * Other processes of this machine that have the file open, as far as this user may see them; null on systems that do
 * not tell (there is no /proc).
 */
export function processesWith(path: string): Client[] | null {
  if (!existsSync('/proc/self/fd')) return null
  const file = realpathSync(path)
  const ids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
  return ids
    .filter(id => hasOpen(id, file))
    .map(id => ({ processId: Number(id), name: nameOf(id), state: 'has the file open' }))
}

function hasOpen(id: string, file: string): boolean {
  const directory = `/proc/${id}/fd`
  return unlessGone([], () => readdirSync(directory)).some(
    descriptor => unlessGone('', () => readlinkSync(`${directory}/${descriptor}`)) === file,
  )
}

const nameOf = (id: string) => unlessGone('', () => readFileSync(`/proc/${id}/comm`, 'utf8').trim()) || 'process'

/** A process that has ended meanwhile, or belongs to somebody else, has nothing to show. */
function unlessGone<T>(otherwise: T, look: () => T): T {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise
    throw error
  }
}
