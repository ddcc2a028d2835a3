/** A source of random numbers: each call gives the next one, uniform in [0, 1). */
export type Rng = () => number

/**
 * A generator whose whole stream follows from `seed`: the same seed gives the same numbers on every machine.
 * sfc32 (Chris Doty-Humphrey, PractRand), its 128-bit state filled from the text by cyrb128; each number takes two
 * steps and has 53 random bits.
 */
export function seedRng(seed: string): Rng {
  let [a, b, c, counter] = hash128(seed)
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  for (let round = 0; round < 16; round++) next()
  return () => ((next() >>> 5) * 67_108_864 + (next() >>> 6)) / 9_007_199_254_740_992
}

/** A standard normal draw (Marsaglia's polar method; the second number of each pair is dropped to keep no state). */
export function normal(rng: Rng): number {
  for (;;) {
    const x = 2 * rng() - 1
    const y = 2 * rng() - 1
    const square = x * x + y * y
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square)
  }
}

/**
 * A gamma draw with the given shape and scale 1 (Marsaglia & Tsang 2000; below shape 1 by their boost).
 * @throws RangeError unless shape > 0 and finite.
 */
export function gamma(rng: Rng, shape: number): number {
  return Math.exp(logGammaDraw(rng, shape))
}

/**
 * A beta(a, b) draw. The two gamma draws meet as logarithms, so tiny parameters cannot give 0 / 0.
 * @throws RangeError unless a > 0 and b > 0 and both finite.
 */
export function beta(rng: Rng, a: number, b: number): number {
  return 1 / (1 + Math.exp(-logGammaDraw(rng, a) + logGammaDraw(rng, b)))
}

/** A uniform integer in 0 … below - 1. @throws RangeError unless `below` is a positive safe integer. */
export function integer(rng: Rng, below: number): number {
  if (!Number.isSafeInteger(below) || below < 1) throw new RangeError(`below must be a positive integer, not ${below}`)
  return Math.floor(rng() * below)
}

/** The items in uniformly random order, as a new array (Fisher-Yates). */
export function shuffle<T>(rng: Rng, items: readonly T[]): T[] {
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = integer(rng, last + 1)
    const item = shuffled[last]!
    shuffled[last] = shuffled[other]!
    shuffled[other] = item
  }
  return shuffled
}

/**
 * An index drawn with the given probabilities (inverse of the cumulative distribution, one number from `rng`). An index
 * of probability 0 is never returned.
 * @throws RangeError if a probability is negative or not a number, or if they do not sum to 1 (tolerance 1e-6).
 */
export function drawIndex(rng: Rng, probabilities: ArrayLike<number>): number {
  const u = rng()
  let cumulative = 0
  let drawn = -1
  let lastPossible = -1
  for (let index = 0; index < probabilities.length; index++) {
    const probability = probabilities[index]!
    if (!(probability >= 0)) throw new RangeError(`probability ${index} is ${probability}, not a number of 0 or more`)
    cumulative += probability
    if (probability === 0) continue
    lastPossible = index
    if (drawn < 0 && u < cumulative) drawn = index
  }
  if (!(Math.abs(cumulative - 1) <= 1e-6)) throw new RangeError(`probabilities sum to ${cumulative}, not to 1`)
  return drawn < 0 ? lastPossible : drawn
}

/** The logarithm of a gamma draw; finite even where the draw itself would underflow. */
function logGammaDraw(rng: Rng, shape: number): number {
  if (!(shape > 0 && shape < Number.POSITIVE_INFINITY)) throw new RangeError(`shape must be above 0, not ${shape}`)
  // Gamma(s) has the law of Gamma(s + 1) * U^(1/s); 1 - u is in (0, 1], so its logarithm exists.
  if (shape < 1) return logGammaDraw(rng, shape + 1) + Math.log(1 - rng()) / shape
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal(rng)
    const root = 1 + c * x
    if (root <= 0) continue
    const v = root * root * root
    if (Math.log(1 - rng()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return Math.log(d * v)
  }
}

/** cyrb128 (bryc, public domain): four 32-bit words from a text. */
function hash128(text: string): [number, number, number, number] {
  let h1 = 1779033703
  let h2 = 3144134277
  let h3 = 1013904242
  let h4 = 2773480762
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    h1 = h2 ^ Math.imul(h1 ^ unit, 597399067)
    h2 = h3 ^ Math.imul(h2 ^ unit, 2869860233)
    h3 = h4 ^ Math.imul(h3 ^ unit, 951274213)
    h4 = h1 ^ Math.imul(h4 ^ unit, 2716044179)
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067)
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233)
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213)
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179)
  h1 ^= h2 ^ h3 ^ h4
  return [h1, h2 ^ h1, h3 ^ h1, h4 ^ h1]
}
