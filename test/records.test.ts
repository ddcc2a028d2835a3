import { expect, test } from 'vitest'
import { z } from 'zod'
import { operations } from '../src/engine/operations.ts'
import { parse } from '../src/records.ts'

const messageFor = (schema: z.ZodType, value: unknown): string => {
  try {
    parse(schema, value, 'here')
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('It was taken.')
}
const observe = operations.observe.input

test('an unknown key that is nearly a known one is told with it', () => {
  const message = messageFor(observe, { decisionId: 'd1', succes: true, Quality: 1 })
  expect(message).toMatch(
    /^here: Unrecognized keys: "succes" \(did you mean success\?\), "Quality" \(did you mean quality\?\)/,
  )
  expect(message).not.toMatch('known:')
})

test('an unknown key that is like none is told with all that there are', () => {
  expect(messageFor(observe, { id: 'z1' })).toMatch(/Unrecognized key: "id" \(known: decisionId, [^)]*\bsuccess\b.*\)/)
  expect(messageFor(z.strictObject({}), { id: 1 })).toMatch('Unrecognized key: "id" (there are no keys here)')
})

test('an unknown key deep inside is told with the keys of its own object', () => {
  const schema = z.strictObject({ item: z.strictObject({ weight: z.number().optional() }).optional() })
  expect(messageFor(schema, { item: { wieght: 1 } })).toMatch('item: Unrecognized key: "wieght" (did you mean weight?)')
})

test('however many and long the unknown keys are, the message stays short', () => {
  const value = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`${i}${'x'.repeat(300)}`, i]))
  const message = messageFor(z.strictObject({ weight: z.number().optional() }), value)
  expect(message).toMatch('and 4990 more (known: weight)')
  expect(message.length).toBeLessThan(2000)
})

test('other messages are as they were', () => {
  expect(messageFor(z.strictObject({ a: z.string().min(1, 'must not be empty') }), { a: '' })).toMatch(
    'here: a: must not be empty.',
  )
})
