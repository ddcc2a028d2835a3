import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import ts from 'typescript'
import type { Evidence } from './evidence.ts'
import type { Feature } from './features.ts'

/**
 * What is wrong with a parity table: ids missing, double or out of place, and evidence that names a test that is not
 * there. `count` is how many features there must be, numbered F001 onwards without a gap; `tests` as `testNames` gives.
 */
export function parityProblems(
  features: readonly Feature[],
  evidence: Readonly<Record<string, Evidence>>,
  tests: ReadonlySet<string>,
  count: number,
): string[] {
  const ids = features.map(feature => feature.id)
  const expected = Array.from({ length: count }, (_, index) => `F${String(index + 1).padStart(3, '0')}`)
  return [
    ...expected.filter(id => !ids.includes(id)).map(id => `${id} is missing.`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map(id => `${id} stands twice.`),
    ...ids.filter(id => !expected.includes(id)).map(id => `${id} is no number from F001 to ${expected.at(-1)}.`),
    ...Object.entries(evidence).flatMap(([id, entry]) => [
      ...(ids.includes(id) ? [] : [`${id} has evidence and is no feature.`]),
      ...(entry.state === 'done' && entry.tests.length === 0 ? [`${id} is done and names no test.`] : []),
      ...('tests' in entry ? (entry.tests ?? []) : [])
        .filter(name => !tests.has(name))
        .map(name => `${id} names a test that does not exist: ${name}`),
    ]),
  ]
}

/** Every test that runs in the test files below `root`, as 'path/below/root.test.ts > name of the test'. */
export function testNames(root: string): Set<string> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  return new Set(
    files.flatMap(file =>
      testNamesIn(readFileSync(join(root, file), 'utf8')).map(name => `${file.replaceAll(sep, '/')} > ${name}`),
    ),
  )
}

/** Names given as plain text to `test(…)` or `it(…)`, or to their `each`; not those of skipped tests and plans. */
export function testNamesIn(text: string): string[] {
  const names: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && runsTests(node.expression)) {
      const [name, body] = node.arguments
      if (name !== undefined && body !== undefined && ts.isStringLiteralLike(name)) names.push(name.text)
    }
    const isOff = ts.isCallExpression(node) && /^(test|it|describe)\.(skip|todo)\b/.test(node.expression.getText())
    if (!isOff) ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('test.ts', text, ts.ScriptTarget.Latest, true))
  return names
}

function runsTests(callee: ts.Expression): boolean {
  return /^(test|it)(\.(concurrent|sequential|each|for)\b[\s\S]*)?$/.test(callee.getText())
}
