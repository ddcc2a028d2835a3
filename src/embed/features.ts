import { extendHash, finishHash, hash32, startHash } from '../math/hash.ts'

/**
 * Hashed counts of a text. For each block the 32-bit hashes, ascending and without repeats, and how often each occurs.
 * Structurally the `SparseFeatures` of the predictors.
 */
export interface TextFeatures {
  /** Single words and pairs of neighbouring words. */
  readonly words: HashedCounts
  /** Runs of 3 and 4 UTF-16 units inside words, each word padded by a blank on both sides. */
  readonly characters: HashedCounts
}

export interface HashedCounts {
  readonly hashes: Uint32Array
  readonly counts: Uint16Array
}

/** Only this many UTF-16 units at the start of a text are read. */
export const readLength = 4000

/**
 * The features of a text in any script, after NFKC normalisation and lower-casing. A word is a stretch of letters, digits
 * and marks. Scripts that do not put blanks between words (Chinese, Japanese, Thai …) count each character as a word, and
 * an emoji counts as one too; runs of characters cross them freely. Everything else only separates.
 */
export function textFeatures(text: string): TextFeatures {
  const normal = normalised(text)
  const words = new HashList(2 * normal.length)
  const characters = new HashList(2 * normal.length)
  walk(normal, {
    run: (start, end) => addCharacterRuns(characters, normal, start, end),
    word: word => words.add(word),
    pair: pair => words.add(pair),
  })
  return { words: words.toCounts(), characters: characters.toCounts() }
}

/** The words of a text and the pairs of neighbouring words, lower-cased, by their hashes in `words`. */
export function wordNames(text: string): Map<number, string> {
  const normal = normalised(text)
  const names = new Map<number, string>()
  let previous = ''
  walk(normal, {
    run: () => {},
    pair: (pair, start, end) => names.set(pair, `${previous} ${normal.slice(start, end)}`),
    word: (word, start, end) => {
      previous = normal.slice(start, end)
      names.set(word, previous)
    },
  })
  return names
}

const normalised = (text: string) => text.slice(0, readLength).normalize('NFKC').toLowerCase().slice(0, readLength)

interface Walker {
  /** A stretch of word characters, and the hash of a word or of a pair that ends at start … end. The pair comes first. */
  readonly run: (start: number, end: number) => void
  readonly pair: (hash: number, start: number, end: number) => void
  readonly word: (hash: number, start: number, end: number) => void
}

function walk(normal: string, { run, pair, word }: Walker): void {
  let previous = -1
  for (let start = 0, end = 0; start < normal.length; start = end) {
    const kind = kindAt(normal, start)
    end = endOfRun(normal, start, kind)
    if (kind === separator) continue
    run(start, end)
    for (let at = start, next = end; at < end; at = next) {
      if (kind === standalone) next = at + unitsAt(normal, at)
      const hash = hashWord(normal, at, next)
      if (previous >= 0) pair(hashPair(previous, hash), at, next)
      word(hash, at, next)
      previous = hash
    }
  }
}

/** The hash in `words` of the single word text[start] … text[end - 1], given in lower case. */
export function hashWord(text: string, start = 0, end = text.length): number {
  return hash32(text, start, end, wordSeed)
}

/** The hash in `words` of two neighbouring words, given by their own hashes. */
export function hashPair(first: number, second: number): number {
  return finishHash(extendHash(extendHash(startHash(pairSeed), first), second))
}

const wordSeed = 1
const pairSeed = 2
const characterSeed = 3
const blank = 32

/** Adds the runs of 3 and 4 units of ' ' + word + ' '; the hash of 4 continues the hash of 3. */
function addCharacterRuns(list: HashList, text: string, start: number, end: number): void {
  const unitAt = (index: number) => (index < start || index >= end ? blank : text.charCodeAt(index))
  for (let first = start - 1; first + 3 <= end + 1; first++) {
    let state = startHash(characterSeed)
    for (let index = first; index < first + 3; index++) state = extendHash(state, unitAt(index))
    list.add(finishHash(state))
    if (first + 4 <= end + 1) list.add(finishHash(extendHash(state, unitAt(first + 3))))
  }
}

const separator = 1
const wordPart = 2
const standalone = 3
type Kind = typeof separator | typeof wordPart | typeof standalone

const standalonePattern =
  /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{Extended_Pictographic}]/u
const wordPattern = /^[\p{L}\p{N}\p{M}]/u

/** The kind of each basic character, found when first met; 0 is not yet found. A cache of a pure function. */
const knownKinds = new Uint8Array(65_536)

function kindAt(text: string, index: number): Kind {
  const unit = text.charCodeAt(index)
  if (unitsAt(text, index) === 2) return findKind(text.slice(index, index + 2))
  const known = knownKinds[unit] as Kind | 0
  if (known !== 0) return known
  const kind = findKind(text[index]!)
  knownKinds[unit] = kind
  return kind
}

function findKind(character: string): Kind {
  // Script extensions also cover punctuation (the ideographic full stop), which separates; pictographs are no letters.
  if (standalonePattern.test(character) && !/^[\p{P}\p{Z}]/u.test(character)) return standalone
  return wordPattern.test(character) ? wordPart : separator
}

function endOfRun(text: string, start: number, kind: Kind): number {
  let end = start + unitsAt(text, start)
  while (end < text.length && kindAt(text, end) === kind) end += unitsAt(text, end)
  return end
}

/** 2 at a surrogate pair, else 1; a lone surrogate is one unit, and separates. */
function unitsAt(text: string, index: number): 1 | 2 {
  const unit = text.charCodeAt(index)
  if (unit < 0xd800 || unit > 0xdbff || index + 1 >= text.length) return 1
  const next = text.charCodeAt(index + 1)
  return next >= 0xdc00 && next <= 0xdfff ? 2 : 1
}

/** Collects hashes, then sorts and counts them. */
class HashList {
  readonly #hashes: Uint32Array
  #length = 0

  constructor(capacity: number) {
    this.#hashes = new Uint32Array(capacity)
  }

  add(hash: number): void {
    this.#hashes[this.#length++] = hash
  }

  toCounts(): HashedCounts {
    const all = this.#hashes.subarray(0, this.#length).sort()
    const counts = new Uint16Array(all.length)
    let distinct = 0
    for (let index = 0; index < all.length; index++) {
      const hash = all[index]!
      if (index > 0 && hash === all[distinct - 1]) counts[distinct - 1]!++
      else {
        all[distinct] = hash
        counts[distinct++] = 1
      }
    }
    return { hashes: all.slice(0, distinct), counts: counts.slice(0, distinct) }
  }
}
