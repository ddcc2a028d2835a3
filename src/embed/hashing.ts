import { TacitError } from '../errors.ts'
import type { Embedder } from './embedder.ts'
import { type HashedCounts, hashPair, hashWord, textFeatures } from './features.ts'

/**
 * The default embedder: signed feature hashing (Weinberger et al. 2009) of words, word pairs and character runs, with
 * weights 1 + ln(count). It needs no model, keeps no state, and gives the same vector wherever the Unicode tables are the
 * same. Texts are close when they share words or parts of words, not when they merely mean the same.
 * @throws TacitError INVALID_CONFIG unless `dimension` is a positive integer.
 */
export function hashingEmbedder(dimension = 256): Embedder {
  if (!Number.isSafeInteger(dimension) || dimension < 1) {
    throw new TacitError('INVALID_CONFIG', `The dimension of an embedder is a positive integer, not ${dimension}.`)
  }
  return {
    id: `hashing-1/${dimension}`,
    dimension,
    similarityThreshold: calibratedThreshold,
    embed: async texts => texts.map(text => embedText(text, dimension)),
  }
}

/** Nine of ten paraphrases of test/embed/paraphrases.ts lie above it, and hardly any unrelated pair does. */
const calibratedThreshold = 0.3

// The words' share of the squared length (the characters have the rest), and what a function word, a pair of them, or a
// run of characters inside one counts beside any other.
const wordShare = 0.3
const functionWordWeight = 0.2

const functionWords =
  'a an the this that these those it its i we you they he she and or but not no of in on at to for from by with as into ' +
  'is are was were be been being do does did has have had can could will would should may must if then so than there ' +
  'here when while which who what how all any some each our your their my me us them please'
const functionWordHashes = functionWords.split(' ').map(word => hashWord(word))
const commonWords = new Set([
  ...functionWordHashes,
  ...functionWordHashes.flatMap(first => functionWordHashes.map(second => hashPair(first, second))),
])
const commonRuns = new Set(textFeatures(functionWords).characters.hashes)

function embedText(text: string, dimension: number): Float32Array {
  const { words, characters } = textFeatures(text)
  const sum = new Float64Array(dimension)
  addBlock(sum, words, commonWords, Math.sqrt(wordShare))
  addBlock(sum, characters, commonRuns, Math.sqrt(1 - wordShare))
  let square = 0
  for (const value of sum) square += value * value
  const scale = square > 0 ? 1 / Math.sqrt(square) : 0
  return Float32Array.from(sum, value => value * scale)
}

/** Adds a block of features, scaled to the given length; the sign keeps collisions from adding up. */
function addBlock(sum: Float64Array, block: HashedCounts, common: ReadonlySet<number>, length: number): void {
  const { hashes, counts } = block
  const weights = new Float64Array(hashes.length)
  let square = 0
  for (let index = 0; index < hashes.length; index++) {
    const weight = (1 + Math.log(counts[index]!)) * (common.has(hashes[index]!) ? functionWordWeight : 1)
    weights[index] = weight
    square += weight * weight
  }
  const scale = length / Math.sqrt(square)
  for (let index = 0; index < hashes.length; index++) {
    const hash = hashes[index]!
    // The bucket comes from the high bits, the sign from the lowest.
    const bucket = Math.floor((hash / 4_294_967_296) * sum.length)
    sum[bucket]! += (hash & 1 ? scale : -scale) * weights[index]!
  }
}
