import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeState, encodeState } from '../../src/engine/codec.ts'
import type { State } from '../../src/learn/state.ts'

const number = fc
  .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer())
  .filter(x => !Object.is(x, -0))
const anyState = fc.letrec<{ state: State }>(tie => ({
  state: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.string({ unit: 'binary' }), number, fc.boolean(), fc.constant(null)),
    fc.float64Array({ maxLength: 9 }),
    fc.float32Array({ maxLength: 9 }),
    fc.array(tie('state'), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ unit: 'binary', maxLength: 5 }).filter(key => key !== '__proto__'),
      tie('state'),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
  ) as fc.Arbitrary<State>,
})).state

describe('learned state as bytes', () => {
  test('comes back as it was, and gives the same bytes again', () => {
    fc.assert(
      fc.property(anyState, state => {
        const bytes = encodeState(state)
        const decoded = decodeState(bytes)
        expect(decoded).toEqual(state)
        expect(encodeState(decoded)).toEqual(bytes)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('keeps every value that an array of numbers can hold', () => {
    const values = Float64Array.of(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE, Number.MAX_VALUE, 0.1)
    const decoded = decodeState(encodeState({ values })) as { values: Float64Array }
    expect(new Uint8Array(decoded.values.buffer, decoded.values.byteOffset, decoded.values.byteLength)).toEqual(
      new Uint8Array(values.buffer),
    )
  })

  test('takes only the part that a view shows, and shares no memory with what it came from or with its bytes', () => {
    const whole = Float64Array.of(1, 2, 3, 4)
    const bytes = encodeState({ part: whole.subarray(1, 3) })
    const first = decodeState(bytes) as { part: Float64Array }
    first.part[0] = 99
    expect(whole[1]).toBe(2)
    expect(decodeState(bytes)).toEqual({ part: Float64Array.of(2, 3) })
  })

  test('is found wherever it lies in a larger buffer', () => {
    const bytes = encodeState({ a: Float64Array.of(7), b: 'x' })
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(decodeState(shifted.subarray(3))).toEqual({ a: Float64Array.of(7), b: 'x' })
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['too short a beginning', Uint8Array.of(1, 2)],
    ['a length beyond the end', Uint8Array.of(255, 255, 255, 255, 1)],
    ['what is not JSON', Uint8Array.of(2, 0, 0, 0, 65, 66)],
    ['a state that was cut off', encodeState({ a: Float64Array.of(1, 2, 3) }).subarray(0, -8)],
  ])('is refused as damaged when it is %s', (_what, bytes) => {
    expect(() => decodeState(bytes)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }))
  })
})
