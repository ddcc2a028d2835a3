import { z } from 'zod'
import type { OperationName } from '../../engine/operation-summaries.ts'
import { type Operation, operations, runOperation } from '../../engine/operations.ts'
import type { Tacit } from '../../engine/types.ts'
import { TacitError } from '../../errors.ts'
import { parse, type RecordInput } from '../../records.ts'
import { assertAccess, type Caller } from './caller.ts'
import { withIdFrom } from './idempotency.ts'
import { problemOf } from './problem.ts'

const names = Object.keys(operations) as [OperationName, ...OperationName[]]

export const batchInput = z.strictObject({
  items: z
    .array(
      z.strictObject({
        operation: z.enum(names).describe('Its name, as on the command line'),
        input: z.record(z.string(), z.unknown()).default({}).describe('What the operation takes'),
      }),
    )
    .min(1)
    .max(1000),
})

const failed = z.object({
  index: z.int(),
  status: z.literal('error'),
  error: z.object({ code: z.string(), message: z.string() }),
})
const done = z.object({ index: z.int(), status: z.literal('done'), output: z.unknown() })
export const batchOutput = z.object({ results: z.array(z.discriminatedUnion('status', [done, failed])) })

type Item = z.output<typeof batchInput>['items'][number]
type Result = z.output<typeof batchOutput>['results'][number]

/** Runs the items one after the other; executions in a row are recorded together. A failure does not stop the others. */
export async function runBatch(
  tacit: Tacit,
  caller: Caller,
  input: unknown,
  key: string | null,
): Promise<z.output<typeof batchOutput>> {
  const { items } = parse(batchInput, input, 'batch')
  const withIds = items.map(({ operation, input }, index) => ({
    operation,
    input: key === null ? input : (withIdFrom(`${key}/${index}`, operation, input) as Item['input']),
  }))
  const results: Result[] = []
  for (let index = 0; index < withIds.length; index = results.length) {
    const executions = recordsFrom(withIds, index)
    if (executions.length > 1 && mayRecord(caller)) results.push(...(await recordAll(tacit, executions, index)))
    else results.push(await runOne(tacit, caller, withIds[index]!, index))
  }
  return { results }
}

async function runOne(tacit: Tacit, caller: Caller, { operation: name, input }: Item, index: number): Promise<Result> {
  const operation: Operation = operations[name]
  try {
    assertAccess(caller, operation.access)
    return { index, status: 'done', output: await runOperation(operation, tacit, input) }
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
function recordsFrom(items: readonly Item[], start: number): unknown[] {
  const end = items.findIndex(({ operation }, i) => i >= start && operation !== 'record')
  return items.slice(start, end === -1 ? undefined : end).map(({ input }) => input)
}

const mayRecord = ({ access }: Caller) => access.includes('record') || access.includes('admin')
