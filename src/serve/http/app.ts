import { randomUUID } from 'node:crypto'
import { Hono, type MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { secureHeaders } from 'hono/secure-headers'
import { type Operation, operations } from '../../engine/operations.ts'
import { TacitError } from '../../errors.ts'
import { type Caller, callerOf, projectHeader } from './caller.ts'
import { docsPage, styleHash } from './docs-page.ts'
import type { Env, HttpContext } from './env.ts'
import { assertHost, assertOrigin, isAllowedOrigin } from './guards.ts'
import { openApi } from './openapi.ts'
import { pathOf } from './paths.ts'
import { problemOf, problemResponse } from './problem.ts'
import { answerBatch, answerEvents, answerFigures, answerOperation, answerReady } from './routes.ts'
import type { Service } from './service.ts'
import { answerTools } from './tools.ts'
import { answerTraces } from './traces.ts'

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Every route of the server, with what each request has to pass first. */
export function createApp(service: Service): Hono<Env> {
  const app = new Hono<Env>()
  app.use(measured(service), headers, guarded(service), corsOf(service))

  app.get('/healthz', c => c.json({ status: 'ok' }))
  for (const path of ['/readyz', '/openapi.json', '/docs']) app.use(path, limited(service))
  app.get('/readyz', c => answerReady(c, service))
  const description = openApi()
  const text = JSON.stringify(description)
  const page = docsPage(description)
  app.get('/openapi.json', c => c.body(text, 200, { 'Content-Type': 'application/json' }))
  app.get('/docs', c => c.html(page))

  app.use('/metrics', authenticated(service))
  app.get('/metrics', c => answerFigures(c, service))
  app.use('/v1/*', authenticated(service))
  for (const operation of Object.values(operations) as Operation[]) {
    const path = pathOf(operation.name)
    app.post(path, c => answerOperation(c, service, operation))
    if (operation.readOnly) app.get(path, c => answerOperation(c, service, operation))
  }
  app.use('/mcp', authenticated(service))
  app.post('/mcp', c => answerTools(c, service))
  app.post('/v1/batch', c => answerBatch(c, service))
  app.post('/v1/traces', c => answerTraces(c, service))
  app.get('/v1/events', c => answerEvents(c, service))

  app.notFound(c => fail(c, service, unknownRoute(c)))
  app.onError((error, c) => fail(c, service, error))
  return app
}

/** Gives each request an id, counts it and logs it: what was asked and how it ended, never headers or bodies. */
function measured(service: Service): MiddlewareHandler<Env> {
  return async (c, next) => {
    const startMs = performance.now()
    const requestId = randomUUID()
    c.set('requestId', requestId)
    c.header('X-Request-Id', requestId)
    await next()
    const durationMs = performance.now() - startMs
    const route = labelOf(c.req.path)
    const method = methods.has(c.req.method) ? c.req.method : 'OTHER'
    const { status } = c.res
    service.figures.requestDone({ method, route, status, seconds: durationMs / 1000 })
    const { project, keyId } = c.get('caller') ?? { project: null, keyId: null }
    const isRoutine = status < 400 && !route.startsWith('/v1')
    const line = { requestId, method, route, status, durationMs: Math.round(durationMs * 10) / 10, project, keyId }
    if (isRoutine) service.log.debug(line, 'request')
    else service.log.info(line, 'request')
  }
}

const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: [`'${styleHash}'`],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
  },
  xFrameOptions: 'DENY',
  // Whoever stands in front of the server and speaks TLS may set it; the others are of the past.
  strictTransportSecurity: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
})

function guarded(service: Service): MiddlewareHandler<Env> {
  return async (c, next) => {
    c.header('Cache-Control', 'no-store')
    assertHost(c.req.raw.headers, service.config)
    assertOrigin(c.req.raw.headers, service.config)
    await next()
  }
}

/** Web pages of other origins are answered only if they are listed; without any listed nothing is said of CORS. */
function corsOf(service: Service): MiddlewareHandler<Env> {
  const answer = cors({
    origin: origin => (isAllowedOrigin(origin, service.config) ? origin : null),
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID', projectHeader],
    exposeHeaders: ['Idempotency-Replayed', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
  })
  return (c, next) => (service.config.server.allowedOrigins.length > 0 ? answer(c, next) : next())
}

/** Notes who is asking. Those who are refused count against the rate of their address. */
function authenticated(service: Service): MiddlewareHandler<Env> {
  return async (c, next) => {
    let caller: Caller | null = null
    try {
      caller = callerOf(c.req.raw.headers, service.keys, service.config, service.now())
      c.set('caller', caller)
    } finally {
      service.assertRate(caller?.keyId ?? addressOf(c))
    }
    await next()
  }
}

/** What is open to everybody is limited by address. */
function limited(service: Service): MiddlewareHandler<Env> {
  return (c, next) => {
    service.assertRate(addressOf(c))
    return next()
  }
}

const addressOf = (c: HttpContext) => `address ${c.env.incoming?.socket.remoteAddress ?? ''}`

function fail(c: HttpContext, service: Service, error: unknown): Response {
  const problem = problemOf(error, c.get('requestId'))
  if (problem.status >= 500) {
    const cause = error instanceof TacitError ? (error.cause ?? error) : error
    service.log.error({ requestId: problem.requestId, code: problem.code, err: cause }, 'a request failed')
  }
  return problemResponse(c, problem)
}

// ---- known routes --------------------------------------------------------------------------------------------------

const known: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...(Object.values(operations) as Operation[]).map(
    ({ name, readOnly }) => [pathOf(name), readOnly ? ['GET', 'POST'] : ['POST']] as const,
  ),
  ['/v1/batch', ['POST']],
  ['/v1/traces', ['POST']],
  ['/mcp', ['POST']],
  ...['/v1/events', '/healthz', '/readyz', '/metrics', '/openapi.json', '/docs'].map(path => [path, ['GET']] as const),
])

/** One of a few names, however many addresses are asked for. */
const labelOf = (path: string) => (known.has(path) ? path : 'other')

function unknownRoute({ req }: HttpContext): TacitError {
  const allowed = known.get(req.path)
  if (allowed !== undefined) {
    const allow = allowed.join(', ')
    return new TacitError('METHOD_NOT_ALLOWED', `This address takes ${allow}. See /docs.`, { details: { allow } })
  }
  return new TacitError('NOT_FOUND', 'There is nothing at this address. /docs lists what there is.')
}
