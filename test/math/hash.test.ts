import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extendHash, finishHash, hash32, hash53, startHash } from '../../src/math/hash.ts'

fc.configureGlobal({ seed: 2026 })

const anyText = fc.string({ unit: 'binary', maxLength: 40 })

describe('the 53-bit hash', () => {
  test('keeps its values from version to version', () => {
    expect([hash53(''), hash53('a'), hash53('Speed up the nightly sales report'), hash53('数据\ud800\0')]).toEqual([
      3338908027751811, 7929297801672961, 674168671817509, 4077714182696363,
    ])
  })

  test('is a non-negative safe integer for any text', () => {
    fc.assert(fc.property(anyText, text => Number.isSafeInteger(hash53(text)) && hash53(text) >= 0))
  })

  test('tells 200,000 similar texts apart', () => {
    const hashes = new Set<number>()
    for (let i = 0; i < 200_000; i++) hashes.add(hash53(`task ${i}`))
    expect(hashes.size).toBe(200_000)
  })
})

describe('the 32-bit hash', () => {
  test('of a stretch of text equals the hash of that stretch cut out, and the hash built unit by unit', () => {
    fc.assert(
      fc.property(anyText, fc.nat(40), fc.nat(40), fc.integer(), (text, a, b, seed) => {
        const start = Math.min(a, b, text.length)
        const end = Math.min(Math.max(a, b), text.length)
        const hash = hash32(text, start, end, seed)
        expect(hash).toBe(hash32(text.slice(start, end), 0, end - start, seed))
        let state = startHash(seed)
        for (let index = start; index < end; index++) state = extendHash(state, text.charCodeAt(index))
        expect(hash).toBe(finishHash(state))
        expect(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32).toBe(true)
      }),
    )
  })

  test('collides about as often as random numbers would, with short texts and every seed alike', () => {
    for (const seed of [0, 1, 2, 0xffffffff]) {
      const hashes = new Set<number>()
      for (let i = 0; i < 100_000; i++) hashes.add(hash32(i.toString(36), undefined, undefined, seed))
      // Expected collisions: 100,000² / 2^33 = 1.2; more than 12 has probability below 1e-8.
      expect(100_000 - hashes.size).toBeLessThanOrEqual(12)
    }
  })

  test('flips about half of its bits when one bit of the text changes', () => {
    let flips = 0
    let trials = 0
    for (let unit = 97; unit < 123; unit++) {
      for (let bit = 0; bit < 16; bit++) {
        const a = hash32(`x${String.fromCharCode(unit)}y`)
        const b = hash32(`x${String.fromCharCode(unit ^ (1 << bit))}y`)
        for (let difference = (a ^ b) >>> 0; difference > 0; difference >>>= 1) flips += difference & 1
        trials += 32
      }
    }
    // 13,312 bits: standard deviation of the share is .0043.
    expect(Math.abs(flips / trials - 0.5)).toBeLessThan(0.022)
  })

  test('gives unrelated values under different seeds', () => {
    const agreeing = Array.from({ length: 10_000 }, (_, i) => `word ${i}`).filter(
      text => hash32(text, 0, text.length, 1) % 64 === hash32(text, 0, text.length, 2) % 64,
    )
    // Expected 156, standard deviation 12.4.
    expect(Math.abs(agreeing.length - 156)).toBeLessThan(62)
  })
})
