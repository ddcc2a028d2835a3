import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Rng } from '../../src/math/rng.ts'
import type { Fault } from './fault.ts'
import { type Scene, underLoad } from './load.ts'
import { type ChaosProxy, startProxy } from './proxy.ts'
import type { PostgresSite, Site } from './site.ts'
import { cannotTrace, killingAt } from './trace.ts'

const pauseMs = 300
/** Longer than any time limit that the writers set themselves (see `patience` below). */
const silenceMs = 6_000

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
  {
    name: 'server process killed at its n-th fsync',
    on: ['PostgreSQL'],
    obstacle: cannotTrace,
    make: killServerAtSync,
  },
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
  onNetwork('connections silent, delivered late', async proxy => {
    proxy.set({ isSilent: true })
    await sleep(silenceMs)
    proxy.set({})
  }),
]

function onServer(name: string, trouble: (site: PostgresSite, scene: Scene) => Promise<void>): Fault {
  return {
    name,
    on: ['PostgreSQL'],
    make: (site, rng) => underLoad(site, rng, scene => trouble(site as PostgresSite, scene)),
  }
}

function onNetwork(name: string, trouble: (proxy: ChaosProxy, scene: Scene) => Promise<void>): Fault {
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
        return await underLoad(site, rng, scene => trouble(proxy, scene), { reach })
      } finally {
        proxy.close()
      }
    },
  }
}

/** The server then restarts its other processes by itself, again and again until nobody kills any more. */
async function killServerAtSync(site: Site, rng: Rng) {
  const { server } = site as PostgresSite
  const strace = spawn('strace', [...killingAt(10 + Math.floor(rng() * 60)), '-p', `${server.pid}`], {
    stdio: 'ignore',
  })
  const ended = once(strace, 'exit')
  try {
    return await underLoad(site, rng, async ({ writers }) => {
      await Promise.race(writers.map(writer => writer.moreRefused(1)))
      strace.kill('SIGTERM')
      await ended
    })
  } finally {
    strace.kill('SIGTERM')
  }
}
