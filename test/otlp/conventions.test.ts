import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { conventionsVersion, fieldNames, kindRules, kindSigns } from '../../src/ingest/otlp/conventions.ts'

const code = (text: string) => `\`${text}\``

/** The tables of docs/otel.md, from the tables that traces are read by. */
function tables(): string {
  const fields = Object.entries(fieldNames).map(
    ([field, names]) => `| ${field} | ${names.map(({ attribute }) => code(attribute)).join(', ')} |`,
  )
  const kinds = kindRules.map(({ attribute, convention, values }) => {
    const byKind = Map.groupBy(Object.entries(values), ([, kind]) => kind)
    const shown = [...byKind].map(([kind, pairs]) => `${pairs.map(([value]) => code(value)).join(', ')} → ${kind}`)
    return `| ${code(attribute)} (${convention}) | ${shown.join('; ')} |`
  })
  const signs = kindSigns.map(
    ({ attribute, convention, kind }) => `| ${code(attribute)} (${convention}) | any → ${kind} |`,
  )
  return [
    `Version ${conventionsVersion} of the table.`,
    '',
    '| what | attributes, the first that is there counts |',
    '|---|---|',
    ...fields,
    '',
    '| attribute | value → kind of step |',
    '|---|---|',
    ...kinds,
    ...signs,
  ].join('\n')
}

test('docs/otel.md shows the tables of names by which traces are read', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/otel.md'), 'utf8')).toContain(tables())
})
