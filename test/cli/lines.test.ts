import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Line, maxLineBytes, openLines } from '../../src/serve/cli/lines.ts'
import { temporaryDirectory } from './run.ts'

async function linesOf(content: string | Buffer, name = 'file'): Promise<Line[]> {
  const path = join(temporaryDirectory(), name)
  writeFileSync(path, content)
  const source = await openLines(path)
  const lines = []
  for await (const line of source.lines) lines.push(line)
  expect(source.readBytes()).toBe(source.totalBytes)
  return lines
}

describe('the lines of a file', () => {
  it('are numbered from 1, blank ones included', async () => {
    expect(await linesOf('a\n\nb\n')).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: '' },
      { number: 3, text: 'b' },
    ])
  })

  it('end with the file, whether or not it ends with a line feed', async () => {
    expect((await linesOf('a\nb')).map(({ text }) => text)).toEqual(['a', 'b'])
    expect(await linesOf('')).toEqual([])
  })

  it('are the same from a compressed file, whatever its name', async () => {
    const text = Array.from({ length: 5000 }, (_, index) => `línea ${index}`).join('\n')
    expect(await linesOf(gzipSync(text), 'plain.ndjson')).toEqual(await linesOf(text))
  })

  it('keep characters whole that lie across the borders of blocks', async () => {
    const text = 'ö😀'.repeat(100_000)
    expect(await linesOf(`x${text}\n${text}`)).toEqual([
      { number: 1, text: `x${text}` },
      { number: 2, text },
    ])
  })

  it('may begin with a byte order mark', async () => {
    expect(await linesOf('\uFEFF{}\n{}')).toEqual([
      { number: 1, text: '{}' },
      { number: 2, text: '{}' },
    ])
  })

  it('that are not UTF-8 or too long are named and skipped', async () => {
    const bad = Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff, 0xfe, 10]), Buffer.from('b\n')])
    expect(await linesOf(bad)).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: null, problem: 'is not valid UTF-8' },
      { number: 3, text: 'b' },
    ])
    const [long, after] = await linesOf(gzipSync(`${'x'.repeat(maxLineBytes + 1)}\nb`))
    expect(long).toMatchObject({ number: 1, text: null, problem: expect.stringContaining('too long') })
    expect(after).toEqual({ number: 2, text: 'b' })
  })

  it('of a damaged or cut-off archive end with an error that names the file', async () => {
    const whole = gzipSync('hello\n'.repeat(1000))
    await expect(linesOf(whole.subarray(0, whole.length - 12))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const damaged = Buffer.from(whole)
    damaged.fill(0x55, 12)
    await expect(linesOf(damaged, 'broken.gz')).rejects.toThrow(/broken\.gz is damaged gzip data/)
  })

  it('of no file at all are refused at once', async () => {
    const directory = temporaryDirectory()
    await expect(openLines(join(directory, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(openLines(directory)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
