import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Caller } from './caller.ts'

/** What each request carries along. */
export interface Env {
  readonly Bindings: HttpBindings
  readonly Variables: { requestId: string; caller: Caller }
}
export type HttpContext = Context<Env>
