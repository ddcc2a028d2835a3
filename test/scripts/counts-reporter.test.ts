import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const project = join(import.meta.dirname, '../..')
let folder: string

// Inside the project, so that the files below can import vitest.
beforeEach(() => {
  folder = mkdtempSync(join(project, 'node_modules/.counts-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the closing line of npm test', () => {
  test('counts what passed and failed, and stands last and alone', () => {
    const { status, lastLine } = runVitest(
      `test('a', () => {}); test('b', () => {}); test('c', () => expect(1).toBe(2))`,
    )
    expect({ status, lastLine }).toEqual({ status: 1, lastLine: '2 passed, 1 failed' })
  })

  test('names skipped tests only if there are any', () => {
    const { status, lastLine } = runVitest(`test('a', () => {}); test.skip('b', () => {}); test.todo('c')`)
    expect({ status, lastLine }).toEqual({ status: 0, lastLine: '1 passed, 0 failed, 2 skipped' })
  })

  test.each([
    ['a file that cannot be loaded', `throw new Error('no')`, '0 passed, 1 failed'],
    ['a hook that throws', `afterAll(() => { throw new Error('no') }); test('a', () => {})`, '1 passed, 1 failed'],
    [
      'a group whose hook throws',
      `describe('g', () => { afterAll(() => { throw new Error('no') }); test('a', () => {}) })`,
      '1 passed, 1 failed',
    ],
    [
      'an error that nobody caught',
      `test('a', async () => { Promise.reject(new Error('no')); await new Promise(done => setTimeout(done, 20)) })`,
      '1 passed, 1 failed',
    ],
  ])('counts %s as a failure', (_what, text, expected) => {
    const { status, lastLine } = runVitest(text)
    expect({ status, lastLine }).toEqual({ status: 1, lastLine: expected })
  })
})

function runVitest(text: string): { status: number | null; lastLine: string | undefined } {
  writeFileSync(
    join(folder, 'one.test.ts'),
    `import { afterAll, describe, expect, test } from 'vitest'\nvoid [afterAll, describe, expect]\n${text}`,
  )
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      join(project, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--root',
      folder,
      '--reporter=default',
      `--reporter=${join(project, 'scripts/counts-reporter.mjs')}`,
    ],
    { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' }, cwd: folder },
  )
  return { status, lastLine: stdout.split('\n').at(-2) }
}
