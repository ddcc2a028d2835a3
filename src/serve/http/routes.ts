import { type Operation, runOperation } from '../../engine/operations.ts'
import { TacitError } from '../../errors.ts'
import { parse } from '../../records.ts'
import { parseBatch, runBatch } from './batch.ts'
import { readJson } from './body.ts'
import { assertAccess, callerOf } from './caller.ts'
import type { HttpContext } from './env.ts'
import { eventStream, placeOf } from './events.ts'
import { figuresType } from './figures.ts'
import { idempotencyKeyOf, withIdFrom } from './idempotency.ts'
import { inputFromQuery } from './query.ts'
import type { Service } from './service.ts'

/** Runs one operation for its route. */
export async function answerOperation(c: HttpContext, service: Service, operation: Operation): Promise<Response> {
  const caller = c.get('caller')
  assertAccess(caller, operation.access)
  const key = operation.readOnly ? null : idempotencyKeyOf(c.req.raw.headers)
  const input =
    c.req.method === 'POST'
      ? await readJson(c.req.raw, service.config.server.maxBodyBytes)
      : inputFromQuery(operation.input, new URL(c.req.url).searchParams)
  parse(operation.input, input, operation.name)
  const run = (input: unknown) =>
    counted(service, operation.name, () =>
      service.projects.use(caller.project, async tacit => JSON.stringify(await runOperation(operation, tacit, input))),
    )
  if (key === null) return answered(c, await run(input))
  return once(c, service, key, [operation.name, input], () => run(withIdFrom(key, operation.name, input)))
}

/** Runs several operations; see `batch.ts`. */
export async function answerBatch(c: HttpContext, service: Service): Promise<Response> {
  const caller = c.get('caller')
  const key = idempotencyKeyOf(c.req.raw.headers)
  const input = await readJson(c.req.raw, service.config.server.maxBodyBytes)
  const items = parseBatch(input)
  const run = () =>
    counted(service, 'batch', () =>
      service.projects.use(caller.project, async tacit => JSON.stringify(await runBatch(tacit, caller, items, key))),
    )
  if (key === null) return answered(c, await run())
  return once(c, service, key, ['batch', input], run)
}

/** Opens a stream of what is added to the log. */
export async function answerEvents(c: HttpContext, service: Service): Promise<Response> {
  const caller = c.get('caller')
  assertAccess(caller, 'read')
  // HEAD would open a stream that nobody reads.
  if (c.req.method !== 'GET')
    throw new TacitError('METHOD_NOT_ALLOWED', 'Events are read by GET.', { details: { allow: 'GET' } })
  const after = placeOf(c.req.raw.headers, new URL(c.req.url).searchParams)
  const giveBack = service.openStream()
  const body = await openEvents(c, service, after, giveBack).catch(error => {
    giveBack()
    throw error
  })
  return c.body(body, 200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
}

/** The project stays in use until the stream has ended. */
function openEvents(c: HttpContext, service: Service, after: number | undefined, giveBack: () => void) {
  const { project, keyId } = c.get('caller')
  const { headers } = c.req.raw
  const isAllowed = () => {
    try {
      return callerOf(headers, service.keys, service.config, service.now()).keyId === keyId
    } catch (error) {
      if (error instanceof TacitError) return false
      throw error
    }
  }
  return new Promise<ReadableStream>((resolve, reject) => {
    const use = service.projects.use(
      project,
      (tacit, signal) =>
        new Promise<void>(done => {
          const onEnd = () => {
            giveBack()
            done()
          }
          const onFailure = (error: unknown) =>
            service.log.error({ requestId: c.get('requestId'), err: error }, 'an event stream broke off')
          resolve(eventStream(tacit, { after, now: service.now, signal, isAllowed, onEnd, onFailure }))
        }),
    )
    use.catch(reject)
  })
}

/** The figures of the server, and of the project that is asked for. */
export async function answerFigures(c: HttpContext, service: Service): Promise<Response> {
  const caller = c.get('caller')
  assertAccess(caller, 'read')
  const status = await service.work(() => service.projects.use(caller.project, tacit => tacit.status()))
  return c.body(await service.figures.text(service.load, status), 200, { 'Content-Type': figuresType })
}

/** Whether the database of the default project can be read. */
export async function answerReady(c: HttpContext, service: Service): Promise<Response> {
  service.assertRunning()
  await service.work(() => service.projects.use(service.config.scope, tacit => tacit.learning.history({ limit: 1 })))
  return c.json({ status: 'ready' })
}

function answered(c: HttpContext, body: string): Response {
  return c.body(body, 200, { 'Content-Type': 'application/json' })
}

async function once(
  c: HttpContext,
  service: Service,
  key: string,
  request: unknown,
  run: () => Promise<string>,
): Promise<Response> {
  const { project, keyId } = c.get('caller')
  const { body, isRepeated } = await service.answers.answer(`${project} ${keyId ?? ''}`, key, request, run)
  c.header('Idempotency-Replayed', String(isRepeated))
  return answered(c, body)
}

async function counted<Result>(service: Service, name: string, task: () => Promise<Result>): Promise<Result> {
  try {
    const result = await service.work(task)
    service.figures.operationDone(name, 'done')
    return result
  } catch (error) {
    service.figures.operationDone(name, 'failed')
    throw error
  }
}
