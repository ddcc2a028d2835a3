import { answerMcp } from '../mcp/http.ts'
import { readJson } from './body.ts'
import type { HttpContext } from './env.ts'
import type { Service } from './service.ts'

/** Answers a message of the Model Context Protocol; the tools are those that the caller's key allows. */
export async function answerTools(c: HttpContext, service: Service): Promise<Response> {
  const { project, access } = c.get('caller')
  const body = await readJson(c.req.raw, service.config.server.maxBodyBytes)
  return answerMcp(c.req.raw, body, {
    use: work => service.work(() => service.projects.use(project, tacit => work(tacit))),
    access,
    onFault: error => service.log.error({ requestId: c.get('requestId'), err: error }, 'a tool failed'),
  })
}
