import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HashedCounts, hashWord, readLength, textFeatures } from '../../src/embed/features.ts'
import { extendHash, finishHash, hash32, startHash } from '../../src/math/hash.ts'

fc.configureGlobal({ seed: 2026 })

const total = (block: HashedCounts) => block.counts.reduce((sum, count) => sum + count, 0)
const countOf = (block: HashedCounts, hash: number) => block.counts[block.hashes.indexOf(hash)] ?? 0
const pair = (a: string, b: string) => finishHash(extendHash(extendHash(startHash(2), hashWord(a)), hashWord(b)))
const run = (units: string) => hash32(units, 0, units.length, 3)

/** The same features by plain means: regular expressions, substrings, a Map. */
function featuresByHand(text: string) {
  const normal = text.slice(0, readLength).normalize('NFKC').toLowerCase().slice(0, readLength)
  const noBlanks =
    '(?:(?![\\p{P}\\p{Z}])[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}\\p{Extended_Pictographic}])'
  const runs = normal.match(new RegExp(`${noBlanks}+|(?:(?!${noBlanks})[\\p{L}\\p{N}\\p{M}])+`, 'gu')) ?? []
  const words = new Map<number, number>()
  const characters = new Map<number, number>()
  const count = (map: Map<number, number>, hash: number) => map.set(hash, (map.get(hash) ?? 0) + 1)
  const list = runs.flatMap(piece => (new RegExp(`^${noBlanks}`, 'u').test(piece) ? [...piece] : [piece]))
  for (const [index, word] of list.entries()) {
    count(words, hashWord(word))
    if (index > 0) count(words, pair(list[index - 1]!, word))
  }
  for (const piece of runs) {
    const padded = ` ${piece} `
    for (const length of [3, 4]) {
      for (let at = 0; at + length <= padded.length; at++) count(characters, run(padded.slice(at, at + length)))
    }
  }
  const sorted = (map: Map<number, number>) => [...map].sort(([a], [b]) => a - b)
  return { words: sorted(words), characters: sorted(characters) }
}

const pairsOf = (block: HashedCounts) => Array.from(block.hashes, (hash, index) => [hash, block.counts[index]!])

describe('the features of a text', () => {
  test('are its words, its pairs of words, and runs of 3 and 4 characters inside blank-padded words', () => {
    const { words, characters } = textFeatures('Fix it, FIX cafés!')
    expect(total(words)).toBe(4 + 3)
    expect(countOf(words, hashWord('fix'))).toBe(2)
    expect(countOf(words, hashWord('cafés'))).toBe(1)
    expect(countOf(words, pair('fix', 'it'))).toBe(1)
    expect(countOf(words, pair('it', 'fix'))).toBe(1)
    expect(countOf(words, pair('fix', 'fix'))).toBe(0)
    // A word of n characters has n runs of 3 and n - 1 runs of 4.
    expect(total(characters)).toBe(5 + 3 + 5 + 9)
    expect(countOf(characters, run(' fix'))).toBe(2)
    expect(countOf(characters, run('fés '))).toBe(1)
    expect(countOf(characters, run('t, f'))).toBe(0)
  })

  test('agree with a plain second implementation on texts in many scripts and on noise', () => {
    const alphabet = fc.constantFrom(
      ...[
        'a',
        'B',
        'é',
        'e\u0301',
        'ß',
        'ﬁ',
        '7',
        '_',
        ' ',
        '-',
        '.',
        '。',
        'л',
        'ش',
        'ह',
        'ि',
        '数',
        '据',
        'レ',
        'ー',
      ],
      ...['ポ', 'ท', 'ำ', '한', '🔥', '\u200d', '𐌰', '𝒳', '\ud800', '\udc00', '\0', '\ufe0f', 'İ', '𠀀'],
    )
    const text = fc.oneof(
      fc.string({ unit: alphabet, maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.lorem({ maxCount: 20 }),
    )
    fc.assert(
      fc.property(text, sample => {
        const { words, characters } = textFeatures(sample)
        expect({ words: pairsOf(words), characters: pairsOf(characters) }).toEqual(featuresByHand(sample))
      }),
      { numRuns: 1000 },
    )
  })

  test('are sorted, without repeats, and counted at least once', () => {
    for (const block of Object.values(textFeatures('a banana and a bandana; a band and an ant '.repeat(20)))) {
      expect(block.hashes.length).toBe(block.counts.length)
      expect(block.hashes).toEqual(new Uint32Array(new Set(block.hashes)).sort())
      expect(block.counts.every((count: number) => count > 0)).toBe(true)
    }
  })

  test('do not see case, width or how accents are composed', () => {
    expect(textFeatures('Cafe\u0301 ＡＰＩ ﬁx')).toEqual(textFeatures('café api fix'))
  })

  test('exist for scripts that put no blanks between words, and for emoji', () => {
    expect(countOf(textFeatures('优化报表').words, hashWord('报'))).toBe(1)
    expect(countOf(textFeatures('优化报表').words, pair('报', '表'))).toBe(1)
    expect(countOf(textFeatures('优化报表').characters, run('优化报'))).toBe(1)
    expect(total(textFeatures('รายงาน').words)).toBe(6 + 5)
    expect(countOf(textFeatures('🔥🔥').words, hashWord('🔥'))).toBe(2)
  })

  test('of texts without letters, digits or emoji are empty', () => {
    for (const text of ['', '  \n', '\0\0', '---', '\ud800', '。、']) {
      const { words, characters } = textFeatures(text)
      expect([words.hashes.length, words.counts.length, characters.hashes.length, characters.counts.length]).toEqual([
        0, 0, 0, 0,
      ])
    }
  })

  test('come from the first 4000 characters, however long the text and its normal form', () => {
    const start = 'Migrate the orders table. '.repeat(200).slice(0, readLength)
    expect(textFeatures(start + 'x'.repeat(1 << 20))).toEqual(textFeatures(start))
    // U+FDFA becomes 18 characters in NFKC.
    const { words, characters } = textFeatures('\ufdfa'.repeat(1 << 20))
    expect(total(words)).toBeLessThan(2 * readLength)
    expect(total(characters)).toBeLessThan(2 * readLength)
    expect(total(textFeatures('a'.repeat(1 << 20)).characters)).toBe(2 * readLength - 1)
  })
})
