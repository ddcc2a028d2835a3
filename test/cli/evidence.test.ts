import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

let cwd: string
const shown = async (...args: string[]) => {
  const { code, stdout, stderr } = await tacit(args, { cwd })
  expect({ args, code, stderr }).toMatchObject({ code: 0 })
  return stdout
}

beforeEach(async () => {
  cwd = temporaryDirectory()
  const history = Array.from({ length: 16 }, (_, i) => ({
    task: `Tune slow query ${i}`,
    taskType: i < 12 ? 'database' : 'web',
    arm: i % 2 === 0 ? 'optimizer' : 'writer',
    success: i % 2 === 0,
  }))
  writeFileSync(join(cwd, 'history.ndjson'), history.map(item => JSON.stringify(item)).join('\n'))
  await shown('record', 'history.ndjson')
})

describe('what an estimate rests on', () => {
  it('is shown by predict: observations, levels, and the nearest past tasks of the type, nearest first', async () => {
    const text = await shown('predict', 'Tune slow query 4', '--type', 'database')
    expect(text).toMatch(/rests on: all\/type\/task/)
    const [optimizer, writer] = ['optimizer', 'writer'].map(arm => new RegExp(`^${arm} .*%$`, 'm').exec(text)![0])
    expect(optimizer).toMatch(/ 8\/6\/1 +\d+\/\d+\/\d+ %$/)
    expect(writer).toMatch(/ 8\/6\/0 +\d+\/\d+\/\d+ %$/)
    const past = text.split('Nearest past tasks\n')[1]!.trimEnd().split('\n').slice(1)
    expect(past).toHaveLength(3)
    expect(past[0]).toMatch(/1\.00 +optimizer +solved .* database .* Tune slow query 4$/)
    const similarities = past.map(line => Number.parseFloat(line))
    expect(similarities).toEqual(similarities.toSorted((a, b) => b - a))
  })

  it('is told by recommend in a sentence that names the arm once', async () => {
    const text = await shown('recommend', 'Tune slow query 4', '--type', 'database')
    const sentence = text.split('\n').find(line => line.includes('was observed'))!
    expect(sentence).toMatch(
      /^optimizer was observed 8 times, 6 of them on database, once on this very task\. Its estimate rests/,
    )
    expect(sentence.split('optimizer')).toHaveLength(2)
  })
})
