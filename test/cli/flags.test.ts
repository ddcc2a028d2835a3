import { Command } from 'commander'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { type OperationName, operationSummaries } from '../../src/engine/operation-summaries.ts'
import { type Operation, operations } from '../../src/engine/operations.ts'
import { TacitError } from '../../src/errors.ts'
import { shapes } from '../../src/serve/cli/commands/operation.ts'
import { addFlags, commandLine, flagsOf, inputFrom } from '../../src/serve/cli/flags.ts'
import { splitWords } from './run.ts'

const names = Object.keys(operationSummaries) as OperationName[]

/** What the command line of an operation reads from a line. */
function inputOf(name: OperationName, words: readonly string[], base: Record<string, unknown> = {}) {
  const operation: Operation = operations[name]
  const shape = shapes[name]
  const flags = flagsOf(operation.input, shape)
  const command = new Command(name).exitOverride().configureOutput({ outputError: () => {} })
  for (const field of shape.positional ?? []) command.argument(`[${field}]`)
  addFlags(command, flags, shape)
  command.parse(words, { from: 'user' })
  return inputFrom(base, command.opts(), command.args, flags, shape, operation.input)
}

function lineOf(name: OperationName, input: Record<string, unknown>) {
  const operation: Operation = operations[name]
  return commandLine(name, input, flagsOf(operation.input, shapes[name]), shapes[name])
}

describe.each(names)('the flags of %s', name => {
  const operation: Operation = operations[name]
  const flags = flagsOf(operation.input, shapes[name])

  it('reach every field of its input', () => {
    const fields = Object.keys((operation.input as z.ZodObject).shape)
    const reached = new Set([...(shapes[name].positional ?? []), ...flags.map(({ path }) => path[0])])
    expect([...reached].sort()).toEqual(fields.sort())
  })

  it('name only fields that exist, and no flag means two of them', () => {
    const words = flags.map(({ long }) => long)
    expect(new Set(words).size).toBe(words.length)
    const paths = new Set([...flags.map(({ path }) => path.join('.')), ...(shapes[name].positional ?? [])])
    for (const field of Object.keys(shapes[name].names ?? {})) expect(paths).toContain(field)
    for (const field of shapes[name].prose ?? []) expect(paths).toContain(field)
  })

  it('explain themselves', () => {
    for (const { long, description } of flags) expect(description, long).not.toBe('')
  })

  it('do not hide the options that every command has', () => {
    const common = ['--db', '--scope', '--config', '--set', '--json', '--color', '--help', '--input', '--version']
    for (const { long } of flags) expect(common).not.toContain(long)
  })

  it.each(operation.examples)('read the example "$title" back as it was meant', ({ input }) => {
    const line = lineOf(name, input as Record<string, unknown>)
    const words = splitWords(line)
    const start = ['tacit', ...name.split(' ')]
    expect(words.slice(0, start.length)).toEqual(start)
    expect(inputOf(name, words.slice(start.length))).toEqual(input)
    expect(operation.input.safeParse(input).success).toBe(true)
  })
})

describe('text on the command line', () => {
  const word = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter(text => !/\p{Cc}/u.test(text) && text.isWellFormed())

  it('comes back from any input as it went in', () => {
    const decision = fc.record(
      {
        task: word,
        taskType: word.filter(text => !/^\s*[[{]/.test(text)),
        arms: fc.uniqueArray(fc.stringMatching(/^[a-z][\w ,."'$]{0,10}$/), { minLength: 1, maxLength: 4 }),
        context: fc.record(
          {
            complexity: fc.oneof(fc.constantFrom('low', 'high'), fc.double({ noNaN: true, noDefaultInfinity: true })),
            load: fc.double({ min: 0, max: 1, noNaN: true }),
            fileCount: fc.nat(),
            features: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(fc.nat(), fc.boolean(), word)),
          },
          { requiredKeys: [] },
        ),
        metadata: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(fc.nat(), fc.constant(null), word)),
      },
      { requiredKeys: ['task'] },
    )
    fc.assert(
      fc.property(decision, input => {
        const plain = JSON.parse(JSON.stringify(input))
        expect(inputOf('decide', splitWords(lineOf('decide', plain)).slice(2))).toEqual(plain)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('is read as its field expects: names stay text even if they look like numbers', () => {
    const words = ['42', '--type', '7', '--arms', '1,2', '--id', 'true', '--priority', '-3', '--load', '0.5']
    expect(inputOf('decide', words)).toEqual({
      task: '42',
      taskType: '7',
      arms: ['1', '2'],
      decisionId: 'true',
      context: { priority: -3, load: 0.5 },
    })
  })

  it('gives arms with facets as JSON', () => {
    const arms = [{ id: 'a', facets: { model: 'm' } }, 'b']
    expect(inputOf('decide', ['x', '--arms', JSON.stringify(arms)]).arms).toEqual(arms)
    expect(inputOf('decide', ['x', '--arms', 'a,b', '--arms', 'c']).arms).toEqual(['a', 'b', 'c'])
  })

  it('keeps commas in prose: suggestions are given one by one', () => {
    const words = ['e1', '0.5', '--suggestions', 'index it, then measure', '--suggestions', 'cache']
    expect(inputOf('feedback', words)).toMatchObject({
      value: 0.5,
      suggestions: ['index it, then measure', 'cache'],
    })
  })

  it.each([
    ['true', true],
    ['0.25', 0.25],
    ['excellent', 'excellent'],
    ['{"value":4,"scale":"1-5"}', { value: 4, scale: '1-5' }],
  ])('gives a rating in any accepted form: %s', (text, value) => {
    expect(inputOf('feedback', ['e1', text]).value).toEqual(value)
  })

  it('takes success and failure as switches, one at most', () => {
    expect(inputOf('observe', ['d1', '--success']).success).toBe(true)
    expect(inputOf('observe', ['d1', '--failure']).success).toBe(false)
    expect(inputOf('observe', ['d1'])).not.toHaveProperty('success')
    expect(() => inputOf('observe', ['d1', '--success', '--failure'])).toThrow(/cannot be used with/)
  })

  it('lays flags over the whole input, whole objects before their fields', () => {
    const base = { task: 'old', context: { language: 'de', load: 0.1 } }
    expect(inputOf('decide', ['new', '--load', '0.9'], base)).toEqual({
      task: 'new',
      context: { language: 'de', load: 0.9 },
    })
    expect(inputOf('decide', ['--language', 'fr', '--context', '{"load":1}'], base).context).toEqual({
      load: 1,
      language: 'fr',
    })
    expect(base).toEqual({ task: 'old', context: { language: 'de', load: 0.1 } })
  })

  it.each([
    ['observe', ['d1', '--cost-usd', 'much'], '--cost-usd "much"'],
    ['observe', ['d1', '--duration-ms', '-1'], '--duration-ms "-1"'],
    ['observe', ['d1', '--quality', '7'], '--quality "7"'],
    ['observe', ['d1', '--error-type', 'odd'], '--error-type "odd"'],
    ['decide', ['x', '--stage', 'sideways'], '--stage "sideways"'],
    ['decide', ['x', '--context', '{"colour":"red"}'], '--context'],
  ] as const)('that does not fit is refused with its flag: %s %o', (name, words, start) => {
    try {
      inputOf(name, words)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(TacitError)
      expect((error as TacitError).code).toBe('INVALID_INPUT')
      expect((error as TacitError).message.startsWith(start), (error as TacitError).message).toBe(true)
    }
  })
})
