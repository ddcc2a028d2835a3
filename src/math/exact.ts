/**
 * An integer of any size, for sums that must not depend on the order of their parts and from which parts can be taken
 * out again. A number while it is a safe integer, else a bigint; so every value has one form.
 */
export type Exact = number | bigint

/** `value` times `scale`, rounded to an integer. @throws RangeError unless both are finite. */
export function exact(value: number, scale = 1): Exact {
  const product = Math.round(value * scale)
  if (Number.isSafeInteger(product)) return product
  return settled(BigInt(Math.round(value)) * BigInt(scale))
}

export function addExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return settled(BigInt(a) + BigInt(b))
}

export function multiplyExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    if (Number.isSafeInteger(product)) return product
  }
  return settled(BigInt(a) * BigInt(b))
}

/** The quotient as a floating-point number; `divisor` is a positive integer. */
export function divideExact(value: Exact, divisor: number): number {
  return typeof value === 'number' ? value / divisor : Number(value / BigInt(divisor))
}

/** The natural logarithm of a positive value. */
export function logExact(value: Exact): number {
  if (typeof value === 'number') return Math.log(value)
  const digits = value.toString()
  return Math.log(Number(digits.slice(0, 16))) + (digits.length - 16) * Math.LN10
}

const settled = (value: bigint): Exact => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
