import { TacitError } from '../errors.ts'
import type { State } from '../learn/state.ts'

/**
 * Learned state as bytes: a 4-byte length, JSON of that length in which typed arrays are placeholders, then the arrays,
 * 8-byte aligned, little-endian. Equal states give equal bytes; nothing in it is code.
 */
export function encodeState(state: State): Uint8Array {
  const arrays: (Float64Array | Float32Array)[] = []
  const json = JSON.stringify(state, (_key, value: unknown) => {
    if (!(value instanceof Float64Array || value instanceof Float32Array)) return value
    arrays.push(value)
    return { [placeholder]: value instanceof Float64Array ? 8 : 4, length: value.length }
  })
  const header = new TextEncoder().encode(json)
  const start = align(4 + header.length)
  const bytes = new Uint8Array(arrays.reduce((size, array) => size + align(array.byteLength), start))
  new DataView(bytes.buffer).setUint32(0, header.length, true)
  bytes.set(header, 4)
  let at = start
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
    at += align(array.byteLength)
  }
  return bytes
}

/** The state that `encodeState` wrote, in memory of its own. */
export function decodeState(bytes: Uint8Array): State {
  try {
    const copy = bytes.slice()
    const headerLength = new DataView(copy.buffer).getUint32(0, true)
    let at = align(4 + headerLength)
    return JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + headerLength)), (_key, value: unknown) => {
      if (!isPlaceholder(value)) return value
      const start = at
      at += align(value[placeholder] * value.length)
      return value[placeholder] === 8
        ? new Float64Array(copy.buffer, start, value.length)
        : new Float32Array(copy.buffer, start, value.length)
    }) as State
  } catch (cause) {
    throw new TacitError(
      'STORE_CORRUPT',
      'A snapshot of learned state cannot be read. Run "tacit replay" to rebuild it.',
      {
        cause,
      },
    )
  }
}

const placeholder = '$array'
interface Placeholder {
  readonly [placeholder]: 4 | 8
  readonly length: number
}
const isPlaceholder = (value: unknown): value is Placeholder =>
  value !== null && typeof value === 'object' && placeholder in value
const align = (size: number) => Math.ceil(size / 8) * 8
