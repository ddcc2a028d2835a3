import { describe, expect, it } from 'vitest'
import { type BundleFormat, bundleFormats, readBundle, verifyBundle, writeBundle } from '../../src/engine/bundle.ts'
import { TacitError } from '../../src/errors.ts'
import type { Fact } from '../../src/records.ts'

const about = { scope: 'project', createdAt: '2026-01-02T03:04:05.000Z' }

function feedback(index: number, comment: string): Fact {
  return {
    id: `fact-${index}`,
    executionId: 'execution-1',
    kind: 'feedback',
    atUs: 1_700_000_000_000_000 + index,
    recordedAtUs: 1_700_000_000_000_000 + index,
    origin: 'here',
    body: {
      source: 'human',
      dimension: 'overall',
      value: 0.1 * index,
      value01: 0.1 * index,
      visibility: 'private',
      comment,
    },
  }
}
const facts = ['plain', 'two\nlines', 'NUL \u0000', 'lone \uD800', '日本語', '"}]'].map((text, index) =>
  feedback(index, text),
)

async function written(format: BundleFormat, given: readonly Fact[] = facts): Promise<string> {
  let text = ''
  for await (const piece of writeBundle(given, { ...about, format })) text += piece
  return text
}

async function* linesOf(text: string): AsyncGenerator<string> {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  yield* lines
}

async function factsOf(text: string): Promise<unknown[]> {
  const found = []
  for await (const fact of readBundle(linesOf(text))) found.push(fact)
  return found
}

async function refusal(text: string): Promise<TacitError> {
  const error = await verifyBundle(linesOf(text)).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(TacitError)
  expect((error as TacitError).code).toBe('BUNDLE_INVALID')
  return error as TacitError
}

describe.each(bundleFormats)('a bundle as %s', format => {
  it('gives back every fact as it was, hostile text included', async () => {
    expect(await factsOf(await written(format))).toEqual(facts)
  })

  it('says its scope, time, count and checksum', async () => {
    const info = await verifyBundle(linesOf(await written(format)))
    expect(info).toMatchObject({ ...about, version: 1, facts: facts.length })
    expect(info.sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('of nothing is a bundle too', async () => {
    expect(await factsOf(await written(format, []))).toEqual([])
  })

  it('is refused if one byte of a fact was changed', async () => {
    const text = await written(format)
    expect((await refusal(text.replace('plain', 'plane'))).message).toContain('checksum')
  })

  it('is refused if a fact is missing or its order was changed', async () => {
    const lines = (await written(format)).split('\n')
    const without = lines.filter(line => !line.includes('two'))
    await refusal(without.join('\n'))
    const swapped = [lines[0], lines[2], lines[1], ...lines.slice(3)]
    await refusal(swapped.join('\n'))
  })

  it('is refused at whatever place it was cut off', async () => {
    const text = await written(format)
    for (let length = 0; length < text.length - 1; length += 7) await refusal(text.slice(0, length))
  })

  it('of a newer version is refused with what to do', async () => {
    const error = await refusal((await written(format)).replace('"version":1', '"version":2'))
    expect(error.message).toContain('upgrade Tacit')
  })
})

describe('bundles', () => {
  it('of the same facts have the same checksum in both forms, whenever they were written', async () => {
    const [lines, object] = await Promise.all([written('ndjson'), written('json')])
    const later = lines.replace(about.createdAt, '2027-01-01T00:00:00.000Z')
    const checksums = await Promise.all(
      [lines, object, later].map(async text => (await verifyBundle(linesOf(text))).sha256),
    )
    expect(new Set(checksums).size).toBe(1)
  })

  it('as JSON are one valid JSON value, and may be laid out anew', async () => {
    const value = JSON.parse(await written('json'))
    expect(value).toMatchObject({ format: 'tacit-bundle', version: 1, count: facts.length })
    expect(await factsOf(JSON.stringify(value, null, 2))).toEqual(facts)
    expect(await factsOf(JSON.stringify(value))).toEqual(facts)
  })

  it.each([
    ['nothing', ''],
    ['other JSON', '{"format":"other"}'],
    ['other lines', '{"task":"x","arm":"a"}\n{"task":"y","arm":"b"}'],
    ['text', 'hello\nworld'],
    [
      'a bundle that goes on after its end',
      '{"format":"tacit-bundle","version":1,"scope":"s","createdAt":"t"}\n{"end":"tacit-bundle","facts":0,"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}\n{}',
    ],
  ])('are told from %s', async (_, text) => {
    await refusal(text)
  })
})
