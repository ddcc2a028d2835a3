import { diskFull } from './disk.ts'
import type { Fault } from './fault.ts'
import { type Scene, underLoad } from './load.ts'
import { serverFaults } from './server.ts'
import type { StoreName } from './site.ts'
import { cannotTrace, killedAtSync } from './trace.ts'

const both: readonly StoreName[] = ['SQLite', 'PostgreSQL']

/** Every fault that is tried. */
export const faults: readonly Fault[] = [
  { name: 'writer killed (kill -9)', on: both, make: (site, rng) => underLoad(site, rng, killWriter) },
  {
    name: 'writer killed at its n-th fsync',
    on: ['SQLite'],
    obstacle: cannotTrace,
    make: (site, rng) => underLoad(site, rng, killedAtSync, { job: { durability: 'full' } }),
  },
  { name: 'restarts under load', on: both, make: (site, rng) => underLoad(site, rng, replaceWriters) },
  {
    name: 'four migrate at once',
    on: both,
    make: (site, rng) => underLoad(site, rng, async () => {}, { writers: 4 }),
  },
  {
    name: 'clocks jump by up to a day',
    on: both,
    make: (site, rng) =>
      underLoad(site, rng, async ({ writers }) => void (await writers[0]!.more(200)), { job: { clock: 'jumping' } }),
  },
  diskFull,
  ...serverFaults,
]

async function killWriter({ writers, rng, start }: Scene): Promise<void> {
  await writers[0]!.more(Math.floor(rng() * 40))
  await writers[0]!.kill()
  await start().more(1)
}

async function replaceWriters({ writers, start }: Scene): Promise<void> {
  for (let index = 0; index < 3; index++) {
    await writers[index]!.stop()
    await start().more(1)
  }
}
