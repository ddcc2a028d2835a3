import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importCycles, importTable, importViolations, type SourceTree } from './architecture/imports.ts'
import { sourceViolations } from './architecture/source-rules.ts'

const src = join(import.meta.dirname, '../src')
const tree: SourceTree = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .sort()
    .map(file => [file.replaceAll(sep, '/'), readFileSync(join(src, file), 'utf8')]),
)
const treeOf = (files: Record<string, string>): SourceTree => new Map(Object.entries(files))

describe('the source of Tacit', () => {
  test('the tree that is checked holds the files that everything rests on', () => {
    expect([...tree.keys()]).toEqual(
      expect.arrayContaining(['errors.ts', 'records.ts', 'config.ts', 'engine/types.ts']),
    )
  })

  test('imports follow the import table', () => {
    expect(importViolations(tree)).toEqual([])
  })

  test('docs/architecture.md shows the import table that is enforced', () => {
    const page = readFileSync(join(src, '../docs/architecture.md'), 'utf8')
    const rows = [...page.matchAll(/^\| (\w+) \| [^|]+ \| ([^|]+) \|$/gm)].map(([, area, allowed]) => [area, allowed])
    const expected = Object.entries(importTable).map(([area, allowed]) => [
      area,
      allowed.join(', ') || 'nothing of ours',
    ])
    expect(rows.filter(([area]) => area! in importTable)).toEqual(expected)
  })

  test('imports form no cycle, type imports included', () => {
    expect(importCycles(tree)).toEqual([])
  })

  test('no file breaks the rules for source files', () => {
    expect(sourceViolations(tree)).toEqual([])
  })
})

describe('the checker of imports', () => {
  test.each([
    ['a type import', `import type { A } from '../engine/a.ts'`],
    ['a value import', `import { a } from '../engine/a.ts'`],
    ['a bare import', `import '../engine/a.ts'`],
    ['a re-export', `export * from '../engine/a.ts'`],
    ['a dynamic import', `const a = await import('../engine/a.ts')`],
    ['the type of an import', `let a: import('../engine/a.ts').A`],
  ])('sees an upward import made by %s', (_form, text) => {
    expect(importViolations(treeOf({ 'store/s.ts': text, 'engine/a.ts': '' }))).toEqual([
      'src/store/s.ts imports src/engine/a.ts: store may import only math, errors, scales, records, config.',
    ])
  })

  test('refuses a sideways import', () => {
    expect(importViolations(treeOf({ 'store/s.ts': `import '../learn/l.ts'`, 'learn/l.ts': '' }))).toEqual([
      'src/store/s.ts imports src/learn/l.ts: store may import only math, errors, scales, records, config.',
    ])
  })

  test('allows downward imports, imports within an area, other packages, and words in comments and texts', () => {
    const files = {
      'errors.ts': '',
      'records.ts': `import './errors.ts'; import { z } from 'zod'; import 'node:fs'`,
      'store/a.ts': `import './b.ts'; import '../records.ts' // import '../engine/a.ts'`,
      'store/b.ts': `const text = "import '../engine/a.ts'"`,
      'engine/a.ts': `import '../store/a.ts'`,
      'index.ts': `export * from './engine/a.ts'`,
    }
    expect(importViolations(treeOf(files))).toEqual([])
  })

  test('refuses an import of index.ts, of the package itself, of what lies outside src, and of what is not there', () => {
    const files = {
      'index.ts': '',
      'engine/a.ts': `import '../index.ts'; import 'tacit-ai'; import '../../test/t.ts'; import './none.ts'; import './b'`,
      'engine/b.ts': '',
    }
    expect(importViolations(treeOf(files))).toEqual([
      'src/engine/a.ts imports src/index.ts: index.ts is imported by nobody inside src.',
      'src/engine/a.ts imports tacit-ai: nothing inside src imports the package itself.',
      'src/engine/a.ts imports ../../test/t.ts: src imports nothing of ours from outside src.',
      'src/engine/a.ts imports src/engine/none.ts: there is no such file.',
      'src/engine/a.ts imports src/engine/b: imports of our own files carry their .ts ending.',
    ])
  })

  test('refuses a folder that has no place in the table', () => {
    expect(importViolations(treeOf({ 'misc/a.ts': `import 'zod'` }))[0]).toMatch('misc is not in the import table')
  })

  test('finds a cycle that is closed by a type import', () => {
    const files = {
      'store/a.ts': `import { b } from './b.ts'`,
      'store/b.ts': `import { c } from './c.ts'`,
      'store/c.ts': `import type { A } from './a.ts'`,
    }
    expect(importCycles(treeOf(files))).toEqual([
      'src/store/a.ts → src/store/b.ts → src/store/c.ts → src/store/a.ts: imports must not form a cycle; type imports count.',
    ])
  })

  test('does not take two ways to one file for a cycle', () => {
    const files = {
      'store/a.ts': `import './b.ts'; import './c.ts'`,
      'store/b.ts': `import './c.ts'`,
      'store/c.ts': '',
    }
    expect(importCycles(treeOf(files))).toEqual([])
  })
})

describe('the checker of source files', () => {
  test.each([
    ['unseeded randomness', 'const x = Math.random()', 'Math.random'],
    ['a swallowed error', 'try { f() } catch { /* never mind */ }', 'empty catch'],
    ['a cast to any', 'f(x as any)', '"as any"'],
    ['a silenced compiler', '// @ts-expect-error\nf()', '@ts-expect-error'],
    ['a value inside SQL', `const f = id => db.run(\`select * from t where id = \${id}\`)`, 'SQL built from a value'],
    ['a name inside a command', `const f = name => db.query(\`VACUUM \${name}\`)`, 'SQL built from a value'],
    ['a value added to SQL', `const f = id => db.run('delete from t where id = ' + id)`, 'SQL built from a value'],
    [
      'a part of SQL with any text',
      `const f = (order: string) => db.all(\`select a from t \${order}\`)`,
      'SQL built from a value',
    ],
    ['a file of 401 lines', 'f()\n'.repeat(401), '401 lines'],
  ])('refuses %s', (_what, text, message) => {
    expect(sourceViolations(treeOf({ 'store/a.ts': text }))).toEqual([expect.stringContaining(message)])
  })

  test.each([
    ['an error that is handled', 'try { f() } catch (error) { report(error) }'],
    ['bound values', "db.prepare('select * from t where id = ?').get(id)"],
    ['a tagged template, which binds', `const f = id => sql\`select * from t where id = \${id}\``],
    ['constant parts of SQL', `const columns = 'a, b'\nconst f = () => db.prepare(\`select \${columns} from t\`)`],
    ['SQL put together when the module is loaded', `const all = 'select ' + names.join() + ' from t'`],
    [
      'a part that is one of the texts listed in its type',
      `const f = (sign: '<' | '>') => db.prepare(\`select * from t where id \${sign} ?\`)`,
    ],
    ['a pragma, which cannot bind', `const f = (version: number) => db.exec(\`PRAGMA user_version = \${version}\`)`],
    ['a sentence', `throw new Error(\`Select another file than \${path}.\`)`],
    ['a file of 400 lines', 'f()\n'.repeat(400)],
  ])('accepts %s', (_what, text) => {
    expect(sourceViolations(treeOf({ 'store/a.ts': text }))).toEqual([])
  })
})
