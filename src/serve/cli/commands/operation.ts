import type { Command } from 'commander'
import type { OperationName } from '../../../engine/operation-summaries.ts'
import { type Operation, operations, runOperation } from '../../../engine/operations.ts'
import { addExamples } from '../examples.ts'
import { addFlags, commandLine, type Flag, flagsOf, inputFrom, type Shape } from '../flags.ts'
import { readInput } from '../input.ts'
import { exitCodes, print, printJson } from '../output.ts'
import { createProgress } from '../progress.ts'
import { renderers } from '../render/renderers.ts'
import { globalOptions, withTacit } from '../session.ts'

/** How the fields of each operation are worded on the command line. */
export const shapes: Readonly<Record<OperationName, Shape>> = {
  decide: { positional: ['task'], names: { taskType: 'type', decisionId: 'id' } },
  observe: {
    positional: ['decisionId'],
    names: { outcomeId: 'id', 'error.type': 'error-type', 'error.message': 'error-message' },
  },
  record: { names: { taskType: 'type', 'error.type': 'error-type', 'error.message': 'error-message' } },
  step: {
    positional: ['executionId'],
    names: {
      stepId: 'id',
      parentStepId: 'parent',
      'error.type': 'error-type',
      'error.message': 'error-message',
    },
  },
  feedback: { positional: ['executionId', 'value'], names: { feedbackId: 'id' }, prose: ['suggestions'] },
  recommend: { positional: ['task'], names: { taskType: 'type' } },
  predict: { positional: ['task'], names: { taskType: 'type' } },
  similar: { positional: ['task'], names: { taskType: 'type' } },
  explain: { positional: ['decisionId'] },
  metrics: { names: { taskType: 'type' } },
  solutions: { names: { taskType: 'type' } },
  rates: {},
  pareto: { names: { taskType: 'type' } },
  calibration: { names: { taskType: 'type' } },
  'policy evaluate': { names: { taskType: 'type' } },
  regret: { names: { taskType: 'type' } },
  usage: { names: { taskType: 'type' } },
  complexity: { positional: ['task'], names: { taskType: 'type' } },
  importance: { names: { taskType: 'type' } },
  'models list': {},
  'models save': { positional: ['name'] },
  'models use': { positional: ['name'] },
  'models drop': { positional: ['name'] },
  'baseline list': {},
  'baseline freeze': { positional: ['name'], names: { taskType: 'type' } },
  'baseline compare': { positional: ['name'] },
  'baseline drop': { positional: ['name'] },
  status: {},
  replay: {},
  train: {},
  'learn status': {},
  'learn analytics': { names: { taskType: 'type' } },
  'learn history': { names: { taskType: 'type' } },
  'learn q-table': { names: { taskType: 'type' } },
  'learn recommend': { names: { taskType: 'type' } },
  'learn execution': {
    positional: ['task'],
    names: { taskType: 'type', executionId: 'id', 'error.type': 'error-type', 'error.message': 'error-message' },
    prose: ['issues', 'suggestions'],
  },
  'compat list': {},
  'compat score': { positional: ['id'], names: { taskType: 'type' } },
}

/** Makes the command of an operation: arguments, flags, help and action all come from the operation itself. */
export function addOperation(command: Command, name: OperationName): void {
  const operation: Operation = operations[name]
  const shape = shapes[name]
  const flags = flagsOf(operation.input, shape)
  command.description(operation.description)
  for (const field of shape.positional ?? []) command.argument(`[${field}]`, fieldDescription(operation, field))
  addFlags(command, flags, shape)
  if (flags.length > 0) {
    command.option(
      '--input <json|@file|->',
      'The whole input as JSON, from a file or standard input; flags are laid over it',
    )
  }
  addExamples(command, operationExamples(operation, flags, shape))
  command.action(() => run(command, name, flags))
}

/** The examples of an operation as command lines. */
export function operationExamples(operation: Operation, flags: readonly Flag[], shape: Shape) {
  return operation.examples.map(({ title, input }) => ({
    title,
    line: commandLine(operation.name, input as Record<string, unknown>, flags, shape),
  }))
}

async function run(command: Command, name: OperationName, flags: readonly Flag[]): Promise<void> {
  const operation: Operation = operations[name]
  const options = globalOptions(command)
  const values = command.opts<Record<string, unknown>>()
  const base = values.input === undefined ? {} : await readInput(values.input as string)
  const input = inputFrom(base, values, command.args, flags, shapes[name], operation.input)
  const output = await withTacit(
    options,
    operation.readOnly || name === 'replay' || name === 'train' ? 'existing' : 'create',
    tacit => {
      if (name !== 'replay') return runOperation(operation, tacit, input)
      const progress = createProgress('Replaying')
      const onProgress = (done: number, total: number) => progress.update(total ? done / total : 1, `${done} facts`)
      return tacit.replay({ ...input, onProgress }).finally(() => progress.clear())
    },
  )
  if (options.json) printJson(output)
  else print(renderers[name](output as never))
  if (name === 'replay' && (output as { verified: boolean | null }).verified === false) {
    process.exitCode = exitCodes.failed
  }
}

function fieldDescription(operation: Operation, field: string): string {
  const { shape } = operation.input as unknown as { shape: Record<string, { description?: string }> }
  return shape[field]?.description ?? ''
}
