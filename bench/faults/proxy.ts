import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a network does to the bytes that pass, in either direction. */
export interface Trouble {
  /** Each piece waits so long before it goes on, milliseconds. */
  readonly delayMs: number
  /** Nothing passes and nothing is refused, as behind a dead router. What waits is delivered, late, when it ends. */
  readonly isSilent: boolean
  /** A connection is reset after so many bytes of one direction. */
  readonly cutAfterBytes: number
}

export interface ChaosProxy {
  readonly port: number
  /** Makes trouble, for the connections that are there and those that come; left out: none. */
  set(trouble: Partial<Trouble>): void
  /** Resets every connection that is there. */
  cut(): void
  close(): void
}

const calm: Trouble = { delayMs: 0, isSilent: false, cutAfterBytes: Number.POSITIVE_INFINITY }
const silencePollMs = 5

/** A loopback TCP proxy to `target` (a port of the loopback) that can misbehave as networks do. */
export async function startProxy(target: number): Promise<ChaosProxy> {
  let trouble = calm
  const sockets = new Set<Socket>()
  const track = (socket: Socket) => {
    sockets.add(socket.setNoDelay())
    socket.on('close', () => sockets.delete(socket))
  }

  /** One direction of a connection. A side that goes away takes the other one along once its bytes are through. */
  const pass = (from: Socket, to: Socket) => {
    let passed = 0
    const line = new Transform({
      async transform(piece: Buffer, _encoding, done) {
        if (trouble.delayMs > 0) await sleep(trouble.delayMs)
        while (trouble.isSilent) await sleep(silencePollMs)
        passed += piece.length
        if (passed > trouble.cutAfterBytes) reset(from, to)
        else done(null, piece)
      },
    })
    from.on('error', () => line.end())
    to.on('error', () => reset(from, to))
    from.pipe(line).pipe(to)
    from.on('close', () => line.end())
  }

  const server = createServer(client => {
    const upstream = dial(target, '127.0.0.1')
    for (const socket of [client, upstream]) track(socket)
    pass(client, upstream)
    pass(upstream, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => reset(...sockets)
  return {
    port: (server.address() as AddressInfo).port,
    set(wanted) {
      trouble = { ...calm, ...wanted }
    },
    cut,
    close() {
      trouble = calm
      server.close()
      cut()
    },
  }
}

function reset(...sockets: readonly Socket[]): void {
  for (const socket of sockets) if (!socket.destroyed) socket.resetAndDestroy()
}
