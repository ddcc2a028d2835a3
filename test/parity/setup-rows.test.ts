import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'

/** What opening loads, and what a fresh installation trusts and reveals. */

const root = join(import.meta.dirname, '../..')

test('F061 the driver of PostgreSQL, the readers of bundles, servers and models are loaded by those who use them', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
    const { openStore } = await import('./src/store/open.ts')
    const store = await openStore({ db: ':memory:', durability: 'normal', busyTimeoutMs: 100 })
    await store.close()
    await import('./src/serve/cli/program.ts')
    console.log(JSON.stringify(loaded))`
  const args = ['--input-type=module', '--no-warnings', '--eval', script]
  const loaded: string[] = JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }))
  expect(loaded.some(url => url.endsWith('/src/store/sqlite/store.ts'))).toBe(true)
  const heavy = /\/node_modules\/(pg|hono|@hono|@modelcontextprotocol|hyparquet|hyparquet-writer|prom-client|pino)\//
  expect(loaded.filter(url => heavy.test(url))).toEqual([])
})

test('F232 nothing is opened with credentials that were not given: no default holds any, and neither does the code', () => {
  const { settings } = loadConfig()
  expect(settings.find(({ key }) => key === 'db')!.value).toBe('./tacit.db')
  for (const { key, value } of settings)
    expect(JSON.stringify(value ?? null), key).not.toMatch(/:\/\/|passw|secret|token"/i)
  const src = join(root, 'src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(100)
  for (const file of files) {
    const text = readFileSync(join(src, file), 'utf8')
    expect(text, file).not.toMatch(/:\/\/(?!user:password@)\w+:\w+@|\b(password|secret|apiKey)\b\s*[:=]\s*['"]\w/i)
  }
})
