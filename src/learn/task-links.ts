import { hash53 } from '../math/hash.ts'
import type { StateRecord } from './state.ts'

/** Texts that others may be linked to; beyond this, the one not met for the longest time is forgotten. */
const maxRepresentatives = 20_000
/** Longer texts are only known again by their very text. */
const longestText = 4000
/** Words that a text needs, filler aside, for one of them to be misspelt. */
const fewestWords = 6
/** Letters that a word needs to be misspelt; a letter more or less in short words too often makes another word. */
const fewestLetters = 6

/** Words that change nothing about what is asked. */
const filler = new Set('a an the please kindly just simply really very also now'.split(' '))

/**
 * Knows a task again whose text is nearly that of one met before: the same words in the same order and the same numbers
 * and symbols, whatever the case, punctuation, white space and filler words, with at most one long word misspelt (one
 * letter more, less or other than the first, or letters that changed places). No cosine says that: "report 17" and
 * "report 18" are closer than a word and its misspelling.
 *
 * A link is derived from the texts in the order they were met; it changes no fact. Pure and bounded.
 */
export class TaskLinks {
  /** By task, the one not met for the longest time first. */
  readonly #representatives = new Map<number, Representative>()
  /** By what must be the same, in order of creation. */
  readonly #byFrame = new Map<number, Representative[]>()
  #created = 0
  /** The last text asked for: one text is looked up when choosing, and again when the decision is folded. */
  #latest: { text: string; words: Words } | null = null

  constructor(state?: StateRecord) {
    if (state === undefined) return
    this.#created = state.created as number
    const packed = state.representatives as Float64Array
    const restored: Representative[] = []
    for (let at = 0; at < packed.length; at += packedLength) {
      const [task, created, frame, sum, ordered, first, second, third] = packed.subarray(at, at + packedLength)
      const words = { frame: frame!, sum: sum!, ordered: ordered!, letters: [first!, second!, third!] as const }
      restored.push({ task: task!, created: created!, ...words })
    }
    for (const one of restored) this.#representatives.set(one.task, one)
    for (const one of restored.sort((a, b) => a.created - b.created)) this.#atFrame(one.frame).push(one)
  }

  /** The task that a text stands for: that of a text met before, or `task`, its own. Changes nothing. */
  find(task: number, taskType: string | null, text: string): number {
    return this.#find(task, taskType, text)?.task ?? task
  }

  /** Takes note that a text was met. What is nearly the same from now on is the same task. */
  meet(task: number, taskType: string | null, text: string): void {
    if (text.length > longestText) return
    const known = this.#find(task, taskType, text)
    if (known !== null) {
      this.#representatives.delete(known.task)
      this.#representatives.set(known.task, known)
      return
    }
    const { frame, sum, ordered, letters } = this.#wordsOf(text)
    const one = { task, created: this.#created++, frame: frameOf(taskType, frame), sum, ordered, letters }
    this.#representatives.set(task, one)
    this.#atFrame(one.frame).push(one)
    if (this.#representatives.size > maxRepresentatives) this.#forget(this.#representatives.values().next().value!)
  }

  toState(): StateRecord {
    const packed = new Float64Array(this.#representatives.size * packedLength)
    let at = 0
    for (const { task, created, frame, sum, ordered, letters } of this.#representatives.values()) {
      packed.set([task, created, frame, sum, ordered, ...letters], at)
      at += packedLength
    }
    return { created: this.#created, representatives: packed }
  }

  #find(task: number, taskType: string | null, text: string): Representative | null {
    const own = this.#representatives.get(task)
    if (own !== undefined || text.length > longestText) return own ?? null
    const words = this.#wordsOf(text)
    const candidates = this.#byFrame.get(frameOf(taskType, words.frame))
    // The oldest one, so that a text keeps its link when others come.
    return candidates?.find(one => isNearlySame(one, words)) ?? null
  }

  #forget(one: Representative): void {
    this.#representatives.delete(one.task)
    const others = this.#byFrame.get(one.frame)!.filter(other => other !== one)
    if (others.length === 0) this.#byFrame.delete(one.frame)
    else this.#byFrame.set(one.frame, others)
  }

  #atFrame(frame: number): Representative[] {
    const known = this.#byFrame.get(frame)
    if (known !== undefined) return known
    const list: Representative[] = []
    this.#byFrame.set(frame, list)
    return list
  }

  #wordsOf(text: string): Words {
    if (this.#latest?.text !== text) this.#latest = { text, words: readWords(text) }
    return this.#latest.words
  }
}

interface Sums {
  /** Sum of the words' hashes, modulo `prime`. */
  readonly sum: number
  /** The same, each hash multiplied by `base` to the power of the word's position. */
  readonly ordered: number
  /** Sums of the first, second and third powers of all letters of the long words. */
  readonly letters: readonly [number, number, number]
}

interface Representative extends Sums {
  readonly task: number
  readonly created: number
  /** Hash of the task type and of all that must be the same. */
  readonly frame: number
}

interface Words extends Sums {
  /** All that must be the same: short words, numbers, symbols, and the first letters of the long words. */
  readonly frame: string
  /** The words that may be misspelt. */
  readonly long: readonly { readonly word: string; readonly power: number }[]
  readonly count: number
}

const packedLength = 8
/** The largest prime below 2^26, so that products stay exact. */
const prime = 67_108_859
const base = 48_271
const letterCodes = 4096

const tokenPattern = /[\p{L}\p{N}\p{M}]+|[\p{Sm}\p{Sc}\p{So}^*/%&#@\\]|(?<=^|[\s(])-(?=\p{N})/gu
/** In scripts without upper and lower case a letter may be a word of its own, so nothing there counts as misspelt. */
const longPattern = new RegExp(`^\\p{Ll}{${fewestLetters},}$`, 'u')

const frameOf = (taskType: string | null, frame: string) => hash53(`${taskType ?? ''}\u0000${frame}`)

function readWords(text: string): Words {
  const tokens = text.normalize('NFKC').toLowerCase().match(tokenPattern) ?? []
  const asked = tokens.filter(token => !filler.has(token))
  const counted = asked.length > 0 ? asked : tokens.length > 0 ? tokens : [text]
  const frame: string[] = []
  const long: { word: string; power: number }[] = []
  const letters: [number, number, number] = [0, 0, 0]
  let sum = 0
  let ordered = 0
  let power = 1
  for (const word of counted) {
    const hash = hash53(word) % prime
    sum = (sum + hash) % prime
    ordered = (ordered + hash * power) % prime
    if (longPattern.test(word)) {
      frame.push(word[0]!)
      long.push({ word, power })
      for (let i = 0; i < word.length; i++) addPowers(letters, codeOf(word, i))
    } else frame.push(`=${word}`)
    power = (power * base) % prime
  }
  return { frame: frame.join('\u0000'), sum, ordered, letters, long, count: counted.length }
}

/** Whether the words of a text are those of another with the same frame, but for one misspelling. */
function isNearlySame(one: Sums, words: Words): boolean {
  const sum = (words.sum - one.sum + prime) % prime
  const ordered = (words.ordered - one.ordered + prime) % prime
  if (sum === 0 && ordered === 0) return true
  if (words.count < fewestWords) return false
  // If one word alone differs, both sums differ by the same, but for the power that belongs to its position.
  const misspelt = words.long.find(({ power }) => (sum * power) % prime === ordered)
  const [first, second, third] = words.letters.map((value, i) => value - one.letters[i]!) as [number, number, number]
  return misspelt !== undefined && isOneSlip(misspelt.word, first, second, third)
}

/**
 * Whether the letters of a word, whose sums of powers differ by these from another word's, are the same but for one
 * that is more, less or another: c − d = first, c² − d² = second, c³ − d³ = third.
 */
function isOneSlip(word: string, first: number, second: number, third: number): boolean {
  if (first === 0) return second === 0 && third === 0
  // Code 0: no letter was added, or none removed.
  const added = (second / first + first) / 2
  const removed = added - first
  if (removed < 0 || added ** 3 - removed ** 3 !== third) return false
  for (let i = 0; i < word.length; i++) if (codeOf(word, i) === added) return true
  return added === 0
}

function addPowers(sums: [number, number, number], code: number): void {
  sums[0] += code
  sums[1] += code * code
  sums[2] += code * code * code
}

const codeOf = (word: string, index: number) => word.charCodeAt(index) % letterCodes
