import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type ChaosProxy, startProxy } from '../../bench/faults/proxy.ts'

/** A server that sends back what it hears, behind a proxy, and a client. */
async function line(): Promise<{
  proxy: ChaosProxy
  say(text: string): void
  heard(): string
  closed: Promise<unknown>
}> {
  const server = createServer(socket => socket.on('error', () => socket.destroy()).pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startProxy((server.address() as AddressInfo).port)
  const client = connect(proxy.port, '127.0.0.1')
  let heard = ''
  client.setEncoding('utf8').on('data', text => {
    heard += text
  })
  const closed = new Promise(resolve => client.on('error', error => resolve(error)).on('close', resolve))
  onTestFinished(() => {
    client.destroy()
    proxy.close()
    server.close()
  })
  await once(client, 'connect')
  return { proxy, say: text => void client.write(text), heard: () => heard, closed }
}

test('without trouble, what is sent comes back', async () => {
  const { say, heard } = await line()
  say('hello')
  await expect.poll(heard).toBe('hello')
})

test('in silence nothing comes, and all of it comes afterwards', async () => {
  const { proxy, say, heard } = await line()
  proxy.set({ isSilent: true })
  say('late ')
  await sleep(50)
  expect(heard()).toBe('')
  proxy.set({})
  say('news')
  await expect.poll(heard).toBe('late news')
})

test('with a delay, everything still comes, in order', async () => {
  const { proxy, say, heard } = await line()
  proxy.set({ delayMs: 20 })
  for (const text of ['a', 'b', 'c']) say(text)
  await expect.poll(heard).toBe('abc')
})

test('after so many bytes, the connection is reset', async () => {
  const { proxy, say, closed } = await line()
  proxy.set({ cutAfterBytes: 3 })
  say('four')
  expect(await closed).toMatchObject({ code: 'ECONNRESET' })
})

test('a server that is not there is seen as a connection that is lost', async () => {
  const proxy = await startProxy(1)
  const client = connect(proxy.port, '127.0.0.1')
  await new Promise(resolve => client.on('error', resolve).on('close', resolve))
  client.destroy()
  proxy.close()
})
