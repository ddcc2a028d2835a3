import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import {
  type BundleFormat,
  type BundleSource,
  bundleFormats,
  readBundle,
  verifyBundle,
  writeBundle,
} from '../../src/engine/bundle.ts'
import { TacitError } from '../../src/errors.ts'
import type { Fact } from '../../src/records.ts'
import { decisionFact, feedbackFact, outcomeFact, recorded, startUs, stepFact } from '../helpers/facts.ts'

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

type Content = Uint8Array

async function bytesOf(format: BundleFormat, given: readonly Fact[] = facts): Promise<Content> {
  const pieces = []
  for await (const piece of writeBundle(given, { ...about, format })) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}
const written = async (format: BundleFormat, given?: readonly Fact[]) =>
  Buffer.from(await bytesOf(format, given)).toString()

/** The content as a file would give it. */
function sourceOf(content: Content | string): BundleSource {
  const bytes = Buffer.from(content)
  if (bytes.toString('latin1', 0, 4) !== 'PAR1') return linesOf(bytes.toString())
  return {
    byteLength: bytes.length,
    slice: (start, end) => Uint8Array.from(bytes.subarray(start, end)).buffer,
  }
}

async function* linesOf(text: string): AsyncGenerator<string> {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  yield* lines
}

async function factsOf(content: Content | string): Promise<unknown[]> {
  const found = []
  for await (const fact of readBundle(sourceOf(content))) found.push(fact)
  return found
}

async function refusal(content: Content | string): Promise<TacitError> {
  const error = await verifyBundle(sourceOf(content)).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(TacitError)
  expect((error as TacitError).code).toBe('BUNDLE_INVALID')
  return error as TacitError
}

describe.each(bundleFormats)('a bundle as %s', format => {
  it('gives back every fact as it was, hostile text included', async () => {
    expect(await factsOf(await bytesOf(format))).toEqual(facts)
  })

  it('holds every kind of fact, and more of them than are written at once', async () => {
    const kinds = [
      decisionFact('a', { body: { task: '=1+1, "quoted"\n\uD800' } }),
      stepFact('a'),
      outcomeFact('a'),
      feedbackFact('a'),
    ]
    const many = Array.from({ length: 5000 }, (_, i) => feedback(i, `comment ${i}`))
    const given = [...kinds.map((fact, i) => recorded(fact, startUs + i) as Fact), ...many]
    expect(await factsOf(await bytesOf(format, given))).toEqual(given)
  })

  it('says its scope, time, count and checksum', async () => {
    const info = await verifyBundle(sourceOf(await bytesOf(format)))
    expect(info).toMatchObject({ ...about, version: 1, facts: facts.length })
    expect(info.sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('of nothing is a bundle too', async () => {
    expect(await factsOf(await bytesOf(format, []))).toEqual([])
  })

  it('is refused at whatever place it was cut off', async () => {
    const content = await bytesOf(format)
    for (let length = 0; length < content.length - 1; length += 7) await refusal(content.subarray(0, length))
  })
})

describe.each(['ndjson', 'json', 'csv'] as const)('a bundle as %s', format => {
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

  it('of a newer version is refused with what to do', async () => {
    const error = await refusal((await written(format)).replace(/("?"version"?":)1/, '$12'))
    expect(error.message).toContain('upgrade Tacit')
  })
})

describe('bundles', () => {
  it('of the same facts have the same checksum in all forms, whenever they were written', async () => {
    const forms = await Promise.all(bundleFormats.map(format => bytesOf(format)))
    const later = (await written('ndjson')).replace(about.createdAt, '2027-01-01T00:00:00.000Z')
    const checksums = await Promise.all(
      [...forms, later].map(async content => (await verifyBundle(sourceOf(content))).sha256),
    )
    expect(new Set(checksums).size).toBe(1)
  })

  it('as JSON are one valid JSON value, and may be laid out anew', async () => {
    const value = JSON.parse(await written('json'))
    expect(value).toMatchObject({ format: 'tacit-bundle', version: 1, count: facts.length })
    expect(await factsOf(JSON.stringify(value, null, 2))).toEqual(facts)
    expect(await factsOf(JSON.stringify(value))).toEqual(facts)
  })

  it('as CSV show what is in a fact; a cell that was edited is refused and named', async () => {
    const given = [recorded(decisionFact('a', { body: { task: '=cmd' } }), startUs) as Fact]
    const text = await written('csv', given)
    expect(text.split('\n')[0]).toMatch(/^kind,id,execution_id,at,recorded_at,.*,fact$/)
    expect(text).toContain(
      `decision,a,a,2026-01-01T00:00:00.000000Z,2026-01-01T00:00:00.000000Z,test,'=cmd,database,optimizer,0.5,`,
    )
    expect((await refusal(text.replace(',optimizer,0.5,', ',optimizer,0.9,'))).message).toContain('propensity')
    expect((await factsOf(text.replaceAll('\n', '\r\n'))).length).toBe(1)
  })

  it('as Parquet have typed columns, with microseconds, and null for what is unknown', async () => {
    const moment = startUs + 123_456
    const outcome = outcomeFact('a', { body: { quality: null } })
    const given = [recorded(decisionFact('a'), moment), recorded(outcome, moment + 1)] as Fact[]
    const file = sourceOf(await bytesOf('parquet', given)) as AsyncBuffer
    const rows = await parquetReadObjects({ file })
    expect(rows[1]).toMatchObject({
      kind: 'outcome',
      success: true,
      quality: null,
      duration_ms: 1250,
      cost_usd: 0.004,
      recorded_at: new Date((moment + 1) / 1000),
    })
    const { schema } = await parquetMetadataAsync(file)
    expect(schema.find(({ name }) => name === 'recorded_at')).toMatchObject({ converted_type: 'TIMESTAMP_MICROS' })
  })

  it('as Parquet are refused if a byte was changed', async () => {
    const bytes = Buffer.from(await bytesOf('parquet'))
    for (let at = 4; at < bytes.length; at += 97) {
      const changed = Buffer.from(bytes)
      changed[at] = changed[at]! ^ 0xff
      // A byte may be one that is not read (statistics, for example); then every fact is still what it was.
      const result = await verifyBundle(sourceOf(changed)).catch((error: unknown) => error)
      if (result instanceof TacitError) expect(result.code).toBe('BUNDLE_INVALID')
      else expect(await factsOf(changed)).toEqual(facts)
    }
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
