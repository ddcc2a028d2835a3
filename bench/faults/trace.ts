import { spawnSync } from 'node:child_process'
import type { Scene } from './load.ts'

/** Why strace cannot kill processes here, or null. */
export function cannotTrace(): string | null {
  const { status, error, stderr } = spawnSync('strace', [...killingAt(1_000), 'true'], { encoding: 'utf8' })
  if (error !== undefined) return 'strace is not installed'
  return status === 0 ? null : `strace may not be used: ${stderr.trim().slice(-200)}`
}

/** Arguments of strace that kill -9 each process it follows when it is at its `count`-th flush to disk. */
export function killingAt(count: number): string[] {
  const calls = 'fsync,fdatasync'
  return ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:signal=KILL:when=${count}`]
}

/** One more writer, that does not live to see the end of a flush. */
export async function killedAtSync({ rng, start }: Scene): Promise<void> {
  await start({}, ['strace', ...killingAt(1 + Math.floor(rng() * 60))]).end()
}
