import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readme, refreshed } from '../../scripts/readme.ts'

const project = join(import.meta.dirname, '../..')

describe('README.md', () => {
  test('shows what the example and the command line really print, and every option (else: node scripts/run.mjs readme)', () => {
    const page = readme()
    expect(page).toMatch(/^\$ tacit decide /m)
    expect(lasting(page)).toBe(lasting(refreshed(page)))
  })

  test('begins with ten lines of code', () => {
    const example = readFileSync(join(project, 'examples/quickstart.ts'), 'utf8')
    expect(example.split('\n').filter(line => line !== '')).toHaveLength(10)
    expect(readme()).toContain(example.replace('../src/index.ts', 'tacit-ai'))
  })

  test.each(['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/STYLE.md'])(
    '%s links to pages that exist',
    page => {
      const text = readFileSync(join(project, page), 'utf8')
      const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(match => match[1]!)
      expect(targets.length).toBeGreaterThan(0)
      expect(targets.filter(target => !existsSync(join(project, page, '..', target)))).toEqual([])
    },
  )
})

/** The page without what differs from run to run: moments, durations, sizes, ids, hashes. */
function lasting(page: string): string {
  return page
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+( ?Z| UTC)?/g, '<moment>')
    .replace(/\b\d+(\.\d+)? (ms|s|KiB|MiB)\b/g, '<measured>')
    .replace(/\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b|\b[\da-f]{64}\b/g, '<id>')
    .replace(/ +/g, ' ')
}
