import { z } from 'zod'
import type { OperationName } from '../../engine/operation-summaries.ts'
import { type Operation, operations, runOperation } from '../../engine/operations.ts'
import type { Tacit } from '../../engine/types.ts'
import { TacitError } from '../../errors.ts'
import { nearestName } from '../../records/unknown-keys.ts'
import { parse, type RecordInput } from '../../records.ts'
import { assertAccess, type Caller } from './caller.ts'
import { withIdFrom } from './idempotency.ts'
import { problemOf } from './problem.ts'

const names = Object.keys(operations) as [OperationName, ...OperationName[]]

const itemSchema = z.strictObject({
  operation: z
    .enum(names, { error: ({ input }) => unknownOperation(input) })
    .describe('Its name, as on the command line'),
  input: z.record(z.string(), z.unknown()).default({}).describe('What the operation takes'),
})
/** As it is described; `parseBatch` leaves the single items for later, so that a wrong one does not stop the others. */
export const batchInput = z.strictObject({ items: z.array(itemSchema).min(1).max(1000) })
const unreadItems = z.strictObject({ items: z.array(z.unknown()).min(1).max(1000) })

const failed = z.object({
  index: z.int(),
  status: z.literal('error'),
  error: z.object({ code: z.string(), message: z.string() }),
})
const done = z.object({ index: z.int(), status: z.literal('done'), output: z.unknown() })
export const batchOutput = z.object({ results: z.array(z.discriminatedUnion('status', [done, failed])) })

type Item = z.output<typeof itemSchema>
type Result = z.output<typeof batchOutput>['results'][number]

/**
 * The items of a batch, not yet read.
 * @throws TacitError INVALID_INPUT if there is no list of 1 to 1,000.
 */
export const parseBatch = (body: unknown): readonly unknown[] => parse(unreadItems, body, 'batch').items

/** Runs the items one after the other; executions in a row are recorded together. A failure does not stop the others. */
export async function runBatch(
  tacit: Tacit,
  caller: Caller,
  unread: readonly unknown[],
  key: string | null,
): Promise<z.output<typeof batchOutput>> {
  const items = unread.map((item, index) => readItem(item, index, key))
  const results: Result[] = []
  for (let index = 0; index < items.length; index = results.length) {
    const executions = recordsFrom(items, index)
    if (executions.length > 1 && mayRecord(caller)) results.push(...(await recordAll(tacit, executions, index)))
    else results.push(await runOne(tacit, caller, items[index]!, index))
  }
  return { results }
}

/** The item, with ids made from `key`; or what is wrong with it. */
function readItem(value: unknown, index: number, key: string | null): Item | TacitError {
  try {
    const { operation, input } = parse(itemSchema, value, `items.${index}`)
    if (key === null) return { operation, input }
    return { operation, input: withIdFrom(`${key}/${index}`, operation, input) as Item['input'] }
  } catch (error) {
    if (error instanceof TacitError) return error
    throw error
  }
}

function unknownOperation(name: unknown): string {
  if (typeof name !== 'string') return 'must be the name of an operation'
  const meant = nearestName(name, names)
  const hint = meant === null ? 'GET /openapi.json lists them' : `did you mean ${meant}?`
  return `there is no operation ${JSON.stringify(name.slice(0, 100))} (${hint})`
}

async function runOne(tacit: Tacit, caller: Caller, item: Item | TacitError, index: number): Promise<Result> {
  try {
    if (item instanceof TacitError) throw item
    const operation: Operation = operations[item.operation]
    assertAccess(caller, operation.access)
    return { index, status: 'done', output: await runOperation(operation, tacit, item.input) }
  } catch (error) {
    if (!(error instanceof TacitError)) throw error
    const { code, detail } = problemOf(error, '')
    return { index, status: 'error', error: { code, message: detail } }
  }
}

async function recordAll(tacit: Tacit, executions: readonly unknown[], start: number): Promise<Result[]> {
  const items = await tacit.recordBatch(executions as readonly RecordInput[])
  return items.map(({ index, ...item }) =>
    item.status === 'error'
      ? { index: start + index, ...item }
      : { index: start + index, status: 'done', output: item },
  )
}

/** The inputs of the unbroken run of `record` that begins at `start`. */
function recordsFrom(items: readonly (Item | TacitError)[], start: number): unknown[] {
  const inputs: unknown[] = []
  for (let i = start; i < items.length; i++) {
    const item = items[i]!
    if (item instanceof TacitError || item.operation !== 'record') break
    inputs.push(item.input)
  }
  return inputs
}

const mayRecord = ({ access }: Caller) => access.includes('record') || access.includes('admin')
