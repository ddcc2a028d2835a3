import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parityProblems, testNames, testNamesIn } from './check.ts'
import { type Evidence, evidence } from './evidence.ts'
import { features } from './features.ts'

describe('the parity table', () => {
  test('has all 278 features once, and every test that it names exists', () => {
    const tests = testNames(join(import.meta.dirname, '..'))
    expect(tests.size).toBeGreaterThan(0)
    expect(parityProblems(features, evidence, tests, 278)).toEqual([])
  })
})

describe('the check of the parity table', () => {
  const feature = (id: string) => ({ id, area: 'Capture', title: 'title', form: 'form' })
  const problems = (ids: string[], entries: Record<string, Evidence>) =>
    parityProblems(ids.map(feature), entries, new Set(['a.test.ts > works']), 2)

  test('accepts a whole table whose tests exist', () => {
    expect(problems(['F001', 'F002'], { F001: { state: 'done', tests: ['a.test.ts > works'] } })).toEqual([])
  })

  test('finds a missing, a double and an unknown number', () => {
    expect(problems(['F001', 'F001', 'F003'], {})).toEqual([
      'F002 is missing.',
      'F001 stands twice.',
      'F003 is no number from F001 to F002.',
    ])
  })

  test('finds a done feature without a test, with a test that does not exist, and evidence for no feature', () => {
    const entries: Record<string, Evidence> = {
      F001: { state: 'done', tests: [] },
      F002: { state: 'done', tests: ['a.test.ts > flies'] },
      F009: { state: 'dropped', reason: 'no use' },
    }
    expect(problems(['F001', 'F002'], entries)).toEqual([
      'F001 is done and names no test.',
      'F002 names a test that does not exist: a.test.ts > flies',
      'F009 has evidence and is no feature.',
    ])
  })

  test('finds a wrong name in the tests of an open feature too', () => {
    const entries: Record<string, Evidence> = { F001: { state: 'open', missing: 'half', tests: ['b.test.ts > works'] } }
    expect(problems(['F001', 'F002'], entries)).toHaveLength(1)
  })

  test('knows the tests that run, and not the skipped, the planned and the commented', () => {
    const text = `
      test('one', () => {})
      describe('group', () => { it("two", async () => {}); test.each([1, 2])(\`three\`, () => {}) })
      test.skip('four', () => {}); test.todo('five'); // test('six', () => {})
      describe.skip('off', () => { test('seven', () => {}) })
      const text = "test('eight', () => {})"`
    expect(testNamesIn(text)).toEqual(['one', 'two', 'three'])
  })
})
