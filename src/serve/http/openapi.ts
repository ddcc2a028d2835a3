import type { z } from 'zod'
import { logEventSchema } from '../../engine/follow.ts'
import { accessLevels, type Operation, operations } from '../../engine/operations.ts'
import { version } from '../../engine/version.ts'
import { errorCodes } from '../../errors.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { batchInput, batchOutput } from './batch.ts'
import { projectHeader } from './caller.ts'
import { pathOf } from './paths.ts'

type Json = Record<string, unknown>

/** The description of the server in OpenAPI 3.1, made from the list of operations. */
export function openApi(): Json {
  const paths: Json = {}
  for (const operation of Object.values(operations) as Operation[]) {
    paths[pathOf(operation.name)] = {
      ...(operation.readOnly && { get: get(operation) }),
      post: post(operation),
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tacit',
      version,
      summary: 'The learning layer for agent systems',
      description:
        'Decide which agent, model or strategy to trust with a task; run it; report what came of it. Every route under ' +
        '/v1 is one operation of Tacit, with the same input and answer as on the command line and in the library.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: tags.map(([name, description]) => ({ name, description })),
    security: [{}, { apiKey: [] }],
    paths: { ...paths, ...otherPaths },
    components: {
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: `Made with "tacit keys create"; allows some of ${accessLevels.join(', ')}, in one project.`,
        },
      },
      parameters: {
        project: {
          name: projectHeader,
          in: 'header',
          description: 'Project to read or write. A key belongs to one project, so it is only of use without keys.',
          schema: { type: 'string', maxLength: 256 },
        },
        idempotencyKey: {
          name: 'Idempotency-Key',
          in: 'header',
          description: 'Any text of yours for this request: sent again with the same one, it is not done twice.',
          schema: { type: 'string', maxLength: 255 },
        },
      },
      responses: { problem },
      schemas: { Problem: problemSchema },
    },
  }
}

const tags = [
  ['loop', 'Decide, run the task, observe'],
  ['ask', 'Questions; nothing is written'],
  ['keep', 'Care of what was learned'],
  ['server', 'The server itself'],
] as const

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'details', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What happened, to what, and what to do' },
    code: { type: 'string', enum: Object.keys(errorCodes), description: 'Can be relied on' },
    details: { type: 'object', description: 'Where: for wrong input, the path of each wrong field under "issues"' },
    requestId: { type: 'string', description: 'Under this the log of the server has it' },
  },
}

const problem = {
  description: 'It was not done, or whether it was done is not known (504)',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

const json = (schema: z.ZodType, io: 'input' | 'output', examples?: Json) => ({
  'application/json': { schema: jsonSchemaOf(schema, io), ...(examples && { examples }) },
})

function common(operation: Operation) {
  const { title, summary, description, access, name, output, readOnly } = operation
  return {
    tags: [readOnly ? 'ask' : access === 'admin' ? 'keep' : 'loop'],
    summary: title,
    description: `${summary}. ${description} A key needs "${access}".`,
    responses: { 200: { description: 'Done', content: json(output, 'output') }, default: problemRef },
    'x-tacit-operation': name,
    'x-tacit-access': access,
  }
}

function post(operation: Operation): Json {
  const examples = Object.fromEntries(
    operation.examples.map(({ title, input }, i) => [`example${i + 1}`, { summary: title, value: input }]),
  )
  return {
    ...common(operation),
    operationId: idOf(operation.name),
    parameters: operation.readOnly ? [projectRef] : [projectRef, idempotencyRef],
    requestBody: { required: true, content: json(operation.input, 'input', examples) },
  }
}

function get(operation: Operation): Json {
  const { properties = {}, required = [] } = jsonSchemaOf(operation.input, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  const parameters = Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    ...(schema.type === 'object' ? { content: { 'application/json': { schema } } } : { schema }),
  }))
  return {
    ...common(operation),
    operationId: `get${capital(idOf(operation.name))}`,
    parameters: [projectRef, ...parameters],
  }
}

const projectRef = { $ref: '#/components/parameters/project' }
const idempotencyRef = { $ref: '#/components/parameters/idempotencyKey' }
const problemRef = { $ref: '#/components/responses/problem' }

/** policy evaluate → policyEvaluate */
const idOf = (name: string) => name.replace(/[ -](\w)/g, (_, letter: string) => letter.toUpperCase())
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

const text = (description: string, type = 'text/plain') => ({
  200: { description, content: { [type]: { schema: { type: 'string' } } } },
  default: problemRef,
})
const health = { type: 'object', required: ['status'], properties: { status: { type: 'string' } } }
const healthy = (description: string) => ({
  200: { description, content: { 'application/json': { schema: health } } },
  default: problemRef,
})

const otherPaths: Json = {
  '/v1/batch': {
    post: {
      tags: ['loop'],
      operationId: 'batch',
      summary: 'Do several things at once',
      description:
        'Runs up to 1,000 operations one after the other. Each has its own result, and a failure does not stop the others.',
      parameters: [projectRef, idempotencyRef],
      requestBody: { required: true, content: json(batchInput, 'input') },
      responses: {
        200: { description: 'The result of each', content: json(batchOutput, 'output') },
        default: problemRef,
      },
    },
  },
  '/v1/traces': {
    post: {
      tags: ['loop'],
      operationId: 'traces',
      summary: 'Take in traces of OpenTelemetry',
      description:
        'OTLP/HTTP: an ExportTraceServiceRequest as protobuf or JSON, packed by gzip or not. Each trace of agents, models ' +
        'and tools becomes one execution; spans that cannot be kept are counted under partialSuccess. Errors come as ' +
        'google.rpc.Status in the encoding of the request. A key needs "record".',
      parameters: [projectRef],
      requestBody: {
        required: true,
        content: {
          'application/x-protobuf': { schema: { type: 'string', format: 'binary' } },
          'application/json': { schema: { type: 'object' } },
        },
      },
      responses: {
        200: {
          description: 'Taken, all or in part',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: {
                  partialSuccess: {
                    type: 'object',
                    properties: { rejectedSpans: { type: 'integer' }, errorMessage: { type: 'string' } },
                  },
                },
              },
            },
          },
        },
        default: problemRef,
      },
    },
  },
  '/v1/events': {
    get: {
      tags: ['ask'],
      operationId: 'events',
      summary: 'Follow the log',
      description:
        'A stream of server-sent events: everything that is added to the log, by whomever. The id of an event is its place ' +
        'in the log; with Last-Event-ID (or after) the stream goes on after it, without a gap. A key needs "read".',
      parameters: [
        projectRef,
        {
          name: 'after',
          in: 'query',
          description: 'Go on after this place; 0: from the start',
          schema: { type: 'integer', minimum: 0 },
        },
        {
          name: 'Last-Event-ID',
          in: 'header',
          description: 'The same, as browsers send it',
          schema: { type: 'string' },
        },
      ],
      responses: {
        200: {
          description: 'Events; the data of each is one JSON object',
          content: { 'text/event-stream': { schema: jsonSchemaOf(logEventSchema, 'output') } },
        },
        default: problemRef,
      },
    },
  },
  '/healthz': {
    get: { tags: ['server'], operationId: 'healthz', summary: 'Is the server running?', responses: healthy('It is') },
  },
  '/readyz': {
    get: {
      tags: ['server'],
      operationId: 'readyz',
      summary: 'Can it do its work?',
      responses: healthy('The database answers'),
    },
  },
  '/metrics': {
    get: {
      tags: ['server'],
      operationId: 'serverMetrics',
      summary: 'Figures for Prometheus',
      description: 'Of the server, and of the project of the key. A key needs "read".',
      parameters: [projectRef],
      responses: text('Figures in the text format of Prometheus'),
    },
  },
  '/openapi.json': {
    get: {
      tags: ['server'],
      operationId: 'openapi',
      summary: 'This description',
      responses: {
        200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
      },
    },
  },
  '/docs': {
    get: {
      tags: ['server'],
      operationId: 'docs',
      summary: 'This description as a page',
      responses: text('A page', 'text/html'),
    },
  },
}
