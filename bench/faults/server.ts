import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { query } from '../../scripts/postgres/query.ts'
import type { Fault } from './fault.ts'
import { type Scene, underLoad } from './load.ts'
import { type ChaosProxy, startProxy } from './proxy.ts'
import type { PostgresSite } from './site.ts'
import { cannotTrace, killingAt } from './trace.ts'
import type { Job } from './writer.ts'

const pauseMs = 300
/** Writers give up a silent server after 6 s and try anew, while what they sent first is still on its way. */
const impatient = { statementTimeoutMs: 1_000 }
const silenceMs = 8_000

/** What can happen between a writer and its server, and to the server. */
export const serverFaults: readonly Fault[] = [
  onServer('database server killed (kill -9)', async ({ server }, { writers, rng }) => {
    await writers[0]!.more(Math.floor(rng() * 40))
    await server.kill()
    await sleep(pauseMs)
    await server.start()
  }),
  onServer('database server restarted', async ({ server }) => {
    for (let index = 0; index < 2; index++) {
      await server.stop()
      await sleep(pauseMs)
      await server.start()
    }
  }),
  onServer('server process killed at its n-th fsync', killServerAtSync, cannotTrace),
  onNetwork('connections cut in mid-transaction', async (proxy, { rng }) => {
    for (let index = 0; index < 10; index++) {
      await sleep(rng() * 100)
      proxy.set({ cutAfterBytes: 1_000 + Math.floor(rng() * 20_000) })
      await sleep(rng() * 100)
      proxy.cut()
    }
    proxy.set({})
  }),
  onNetwork('connections slowed', async (proxy, { writers }) => {
    proxy.set({ delayMs: 25 })
    await Promise.all(writers.map(writer => writer.more(7)))
    proxy.set({})
  }),
  onNetwork(
    'connections silent, delivered late',
    async proxy => {
      proxy.set({ isSilent: true })
      await sleep(silenceMs)
      proxy.set({})
    },
    impatient,
  ),
]

function onServer(
  name: string,
  trouble: (site: PostgresSite, scene: Scene) => Promise<void>,
  obstacle: Fault['obstacle'] = () => null,
): Fault {
  return {
    name,
    on: ['PostgreSQL'],
    obstacle,
    make: (site, rng) => underLoad(site, rng, scene => trouble(site as PostgresSite, scene)),
  }
}

function onNetwork(
  name: string,
  trouble: (proxy: ChaosProxy, scene: Scene) => Promise<void>,
  job: Partial<Job> = {},
): Fault {
  return {
    name,
    on: ['PostgreSQL'],
    async make(site, rng) {
      const proxy = await startProxy((site as PostgresSite).server.port)
      const reach = (url: string) => {
        const through = new URL(url)
        through.port = `${proxy.port}`
        return through.href
      }
      try {
        return await underLoad(site, rng, scene => trouble(proxy, scene), { reach, job })
      } finally {
        proxy.close()
      }
    },
  }
}

/** When one of its processes dies like that, the server ends the others, recovers and starts them anew. */
async function killServerAtSync({ server }: PostgresSite, { rng }: Scene): Promise<void> {
  const selectWriters = "select pid from pg_stat_activity where datname like 'tacit_faults%'"
  const pids = (await query(server.url, selectWriters)).flatMap(({ pid }) => ['-p', String(pid)])
  const strace = spawn('strace', [...killingAt(1 + Math.floor(rng() * 20)), ...pids], { stdio: 'ignore' })
  // It follows these processes alone, and ends when they have.
  await once(strace, 'exit')
  await server.start()
}
