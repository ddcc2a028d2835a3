import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { OperationName } from '../../engine/operation-summaries.ts'
import { type Operation, operations } from '../../engine/operations.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { compactSchema } from './compact-schema.ts'

/** The operations that agents get as tools: few, since each description is read with every prompt. */
export const toolNames = [
  'decide',
  'observe',
  'record',
  'recommend',
  'predict',
  'similar',
  'feedback',
  'metrics',
  'status',
  'explain',
] as const satisfies readonly OperationName[]
export type ToolName = (typeof toolNames)[number]

/** The operation of a tool; null if there is no such tool. */
export function operationOf(name: string): { name: ToolName; operation: Operation } | null {
  const known = toolNames.find(tool => tool === name)
  return known === undefined ? null : { name: known, operation: operations[known] }
}

/** The tools as clients see them, each made from its operation. */
export const tools: readonly Tool[] = toolNames.map(name => {
  const operation: Operation = operations[name]
  return {
    name,
    title: operation.title,
    description: operation.description,
    inputSchema: compactSchema(jsonSchemaOf(operation.input, 'input'), 2, true) as Tool['inputSchema'],
    outputSchema: compactSchema(jsonSchemaOf(outputOf(operation), 'output'), 2, false) as Tool['inputSchema'],
    annotations: {
      title: operation.title,
      readOnlyHint: operation.readOnly,
      destructiveHint: operation.destructive,
      idempotentHint: operation.idempotent,
      openWorldHint: false,
    },
  }
})

/** Structured content is always an object: a list goes by the name of items. */
export function outputOf({ output }: Operation): z.ZodType {
  return output instanceof z.ZodArray ? z.object({ items: output }) : output
}
