import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Embedder } from '../../src/embed/embedder.ts'

const scripts = [
  'Speed up the nightly sales report',
  'Accélérer le rapport des ventes, déjà signalé à Zoë',
  'Отчёт о продажах должен строиться быстрее',
  'Η αναφορά πωλήσεων αργεί',
  'تسريع تقرير المبيعات الليلي',
  'האץ את דוח המכירות',
  'रात की बिक्री रिपोर्ट तेज़ करें',
  'ทำให้รายงานยอดขายเร็วขึ้น',
  '让夜间销售报表更快',
  '売上レポートを速くする',
  '야간 판매 보고서를 빠르게',
  'የሽያጭ ሪፖርት',
  '𐌰𐌱𐌲𐌳 𝒳𝒴𝒵',
]

/** What every embedder promises. `make` gives a fresh instance with the same parameters each time. */
export function embedderContract(name: string, make: () => Embedder | Promise<Embedder>): void {
  const embedOne = async (embedder: Embedder, text: string) => (await embedder.embed([text]))[0]!
  const lengthOf = (vector: Float32Array) => Math.hypot(...vector)

  describe(`${name} keeps the embedder contract:`, () => {
    test('its identity is not empty, names the dimension, and is the same for the same parameters', async () => {
      const [a, b] = [await make(), await make()]
      expect(a.id).toMatch(/^[\x21-\x7e]+$/)
      expect(a.id).toBe(b.id)
      expect(a.id).toContain(String(a.dimension))
      expect(Number.isSafeInteger(a.dimension) && a.dimension > 0).toBe(true)
    })

    test('two instances give the same bytes for the same text, at any time', async () => {
      const [a, b] = [await make(), await make()]
      const first = await a.embed(scripts)
      await b.embed(['something else in between'])
      expect(await b.embed(scripts)).toEqual(first)
      expect(await a.embed(scripts)).toEqual(first)
    })

    test('text in any script gets a vector of unit length and of the declared dimension', async () => {
      const embedder = await make()
      for (const [index, vector] of (await embedder.embed(scripts)).entries()) {
        expect(vector).toBeInstanceOf(Float32Array)
        expect(vector.length).toBe(embedder.dimension)
        expect(lengthOf(vector), scripts[index]).toBeCloseTo(1, 5)
      }
    })

    test('different texts get different vectors', async () => {
      const vectors = await (await make()).embed(scripts)
      expect(new Set(vectors.map(vector => vector.join())).size).toBe(scripts.length)
    })

    test('text without any feature gets the zero vector', async () => {
      const embedder = await make()
      for (const vector of await embedder.embed(['', '   \n\t'])) {
        expect(vector).toEqual(new Float32Array(embedder.dimension))
      }
    })

    test('a batch gives what its texts give one by one, in order; an empty batch gives nothing', async () => {
      const embedder = await make()
      const texts = [...scripts, '', scripts[0]!]
      const batch = await embedder.embed(texts)
      expect(batch.length).toBe(texts.length)
      for (const [index, text] of texts.entries()) expect(batch[index]).toEqual(await embedOne(embedder, text))
      expect(await embedder.embed([])).toEqual([])
    })

    test('vectors are the callers own: changing one changes no later answer', async () => {
      const embedder = await make()
      const vector = await embedOne(embedder, scripts[0]!)
      const copy = vector.slice()
      vector.fill(7)
      expect(await embedOne(embedder, scripts[0]!)).toEqual(copy)
    })

    test('any text at all gets a vector of length 1 or 0, without NaN', async () => {
      const embedder = await make()
      const hostile = [
        '\0',
        '\ud800',
        '\udc00\ud800x',
        '🔥👩‍👩‍👧',
        'e\u0301'.repeat(50),
        'a'.repeat(1 << 20),
        ' '.repeat(1 << 20),
      ]
      const check = async (text: string) => {
        const vector = await embedOne(embedder, text)
        expect(vector.length).toBe(embedder.dimension)
        const length = lengthOf(vector)
        expect(length === 0 || Math.abs(length - 1) < 1e-5).toBe(true)
      }
      for (const text of hostile) await check(text)
      await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), check), { seed: 1 })
    })
  })
}
