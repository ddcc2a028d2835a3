import { setImmediate as otherWork } from 'node:timers/promises'

/** Vectors per block. Within a block the codes lie number by number, so that a query skips the numbers that it has not. */
const blockLength = 1024
/** Beside its codes, a vector has its row id, its scale and its error. */
const bytesBeside = 16

/** Blocks looked through at a time; other work goes on in between. */
const blocksAtOnce = 64

/** What a vector of this dimension takes in memory, bytes. */
export const codeBytes = (dimension: number): number => dimension + bytesBeside

interface Block {
  readonly codes: Int8Array
  /** What a code of 1 stands for, in the vector scaled to length one. */
  readonly scales: Float32Array
  /** Length of what the codes leave out of that vector. */
  readonly errors: Float32Array
  readonly rowIds: Float64Array
}

/**
 * Unit vectors as one signed byte per number, with the length of the residual of each. By Cauchy–Schwarz the cosine to
 * any query lies within that length of what the codes give, so a vector whose bound is too low need not be looked at.
 */
export class VectorCodes {
  readonly #dimension: number
  readonly #blocks: Block[] = []
  #count = 0

  constructor(dimension: number) {
    this.#dimension = dimension
  }

  get count(): number {
    return this.#count
  }

  add(rowId: number, vector: Float32Array): void {
    const index = this.#count % blockLength
    if (index === 0) this.#blocks.push(emptyBlock(this.#dimension))
    const { codes, scales, errors, rowIds } = this.#blocks.at(-1)!
    let square = 0
    let largest = 0
    for (const value of vector) {
      square += value * value
      largest = Math.max(largest, Math.abs(value))
    }
    const length = Math.sqrt(square)
    const scale = length === 0 ? 0 : Math.fround(largest / length / 127)
    const codesPerUnit = 127 / largest
    let errorSquare = 0
    for (let number = 0; number < vector.length; number += 1) {
      const value = vector[number]!
      if (value === 0) continue
      const code = Math.round(value * codesPerUnit)
      codes[number * blockLength + index] = code
      const left = value / length - scale * code
      errorSquare += left * left
    }
    scales[index] = scale
    errors[index] = Math.sqrt(errorSquare)
    rowIds[index] = rowId
    this.#count += 1
  }

  /** The row id given along with the vector at `index`. */
  rowIdAt(index: number): number {
    return this.#blocks[Math.floor(index / blockLength)]!.rowIds[index % blockLength]!
  }

  /** The highest cosine that each vector there is now can have to `query`, which must not be of length zero. */
  async upperBounds(query: Float32Array): Promise<Float32Array> {
    const { weights, unit, error } = quantised(query)
    // The numbers that the query has, padded with one that weighs nothing: four are added up at a time.
    const numbers = [...weights.keys()].filter(number => weights[number] !== 0)
    while (numbers.length % 4 !== 0) numbers.push(weights.length)
    const terms = Int32Array.from(numbers, number => weights[number] ?? 0)
    const offsets = Int32Array.from(numbers, number => (number % weights.length) * blockLength)

    const count = this.#count
    const upper = new Float32Array(count)
    const sums = new Int32Array(blockLength)
    for (let start = 0; start < count; start += blockLength) {
      const block = this.#blocks[start / blockLength]!
      const length = Math.min(blockLength, count - start)
      addProducts(sums, block.codes, terms, offsets, length)
      for (let index = 0; index < length; index += 1) {
        const cosine = sums[index]! * block.scales[index]! * unit
        // A cosine is at most 1; knowing so spares looking at each of many copies of one text.
        upper[start + index] = Math.min(1, cosine + block.errors[index]! + error)
      }
      if ((start / blockLength) % blocksAtOnce === blocksAtOnce - 1) await otherWork()
    }
    return upper
  }
}

/** Sets `sums` to the products of each vector of a block with the query. */
function addProducts(sums: Int32Array, codes: Int8Array, terms: Int32Array, offsets: Int32Array, length: number): void {
  sums.fill(0)
  for (let term = 0; term < terms.length; term += 4) {
    const [a, b, c, d] = [terms[term]!, terms[term + 1]!, terms[term + 2]!, terms[term + 3]!]
    const [atA, atB, atC, atD] = [offsets[term]!, offsets[term + 1]!, offsets[term + 2]!, offsets[term + 3]!]
    for (let index = 0; index < length; index += 1) {
      const sum = sums[index]! + Math.imul(a, codes[atA + index]!) + Math.imul(b, codes[atB + index]!)
      sums[index] = sum + Math.imul(c, codes[atC + index]!) + Math.imul(d, codes[atD + index]!)
    }
  }
}

/** The query at length one in whole numbers, small enough that a sum of products with codes stays below 2^31. */
function quantised(query: Float32Array): { weights: Int32Array; unit: number; error: number } {
  const root = Math.sqrt(query.length)
  const factor = 2 ** 30 / (128 * root)
  let square = 0
  for (const value of query) square += value * value
  const scale = factor / Math.sqrt(square)
  // What rounding leaves out has at most this length; the rest covers 32-bit sums of the bound itself.
  const error = root / factor + 1e-6
  return { weights: Int32Array.from(query, value => Math.round(value * scale)), unit: 1 / factor, error }
}

const emptyBlock = (dimension: number): Block => ({
  codes: new Int8Array(blockLength * dimension),
  scales: new Float32Array(blockLength),
  errors: new Float32Array(blockLength),
  rowIds: new Float64Array(blockLength),
})
