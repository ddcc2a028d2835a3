import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Status } from '../../engine/types.ts'

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** The figures of a server for Prometheus. Nothing in them tells one project of another. */
export class Figures {
  readonly #registry = new Registry()
  readonly #requests = this.#counter('tacit_http_requests_total', 'Requests answered', ['method', 'route', 'status'])
  readonly #operations = this.#counter('tacit_operations_total', 'Operations done, and those that failed', [
    'operation',
    'result',
  ])
  readonly #durations = new Histogram({
    name: 'tacit_http_request_duration_seconds',
    help: 'Time from the request to its answer',
    labelNames: ['route'],
    buckets: durationBuckets,
    registers: [this.#registry],
  })
  readonly #inFlight = this.#gauge('tacit_http_requests_in_flight', 'Requests being worked on')
  readonly #streams = this.#gauge('tacit_event_streams', 'Open event streams')
  readonly #projects = this.#gauge('tacit_projects_open', 'Projects held open')

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'tacit_' })
  }

  requestDone(request: { method: string; route: string; status: number; seconds: number }): void {
    const { method, route, status, seconds } = request
    this.#requests.inc({ method, route, status })
    this.#durations.observe({ route }, seconds)
  }

  operationDone(operation: string, result: 'done' | 'failed'): void {
    this.#operations.inc({ operation, result })
  }

  /** Everything in the text format, with the figures of one project. */
  async text(server: { inFlight: number; streams: number; projects: number }, status: Status): Promise<string> {
    this.#inFlight.set(server.inFlight)
    this.#streams.set(server.streams)
    this.#projects.set(server.projects)
    return `${await this.#registry.metrics()}\n${await projectFigures(status)}`
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] })
  }
}

export const figuresType = Registry.PROMETHEUS_CONTENT_TYPE

/** What is not known (no decision yet) has no figure. */
function projectFigures(status: Status): Promise<string> {
  const registry = new Registry()
  const set = (name: string, help: string, value: number | null) => {
    if (value !== null) new Gauge({ name, help, registers: [registry] }).set(value)
  }
  set('tacit_executions', 'Executions on record in the project', status.executions)
  set('tacit_executions_with_outcome', 'Executions that have an outcome', status.withOutcome)
  set('tacit_join_rate', 'Share of executions that have an outcome', status.joinRate)
  set('tacit_decisions_in_flight', 'Decisions whose outcome is awaited', status.inFlight)
  set('tacit_outcomes_parked', 'Outcomes whose decision has not come', status.parkedOutcomes)
  set('tacit_arms', 'Arms seen', status.arms)
  set('tacit_task_types', 'Task types seen', status.taskTypes)
  set('tacit_database_bytes', 'Size of the database, all projects', status.sizeBytes)
  set('tacit_drifts', 'Changes noticed in what arms achieve', status.drifts.length)
  set('tacit_enabled', '1 if Tacit records and learns', status.enabled ? 1 : 0)
  const errors = new Gauge({
    name: 'tacit_own_errors',
    help: 'Errors of Tacit itself, counted since the project began',
    labelNames: ['where'],
    registers: [registry],
  })
  for (const [where, count] of Object.entries(status.errors)) errors.set({ where }, count)
  return registry.metrics()
}
