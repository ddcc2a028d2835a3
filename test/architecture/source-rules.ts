import ts from 'typescript'
import type { SourceTree } from './imports.ts'

const maxLines = 400
const sql =
  /\b(select\b[^;]*\bfrom|insert\s+(or\s+\w+\s+)?into|update\s+\S+\s+set|delete\s+from|create\s+(unique\s+|virtual\s+)?(table|index|trigger)|pragma\s+\w)/i

/** Every breach of the rules that hold in each source file, one sentence each with its place. */
export function sourceViolations(tree: SourceTree): string[] {
  return [...tree].flatMap(([file, text]) => violationsIn(file, text))
}

function violationsIn(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const violations: string[] = []
  const report = (position: number, message: string) =>
    violations.push(`src/${file}:${source.getLineAndCharacterOfPosition(position).line + 1}: ${message}`)

  const lines = text.trimEnd().split('\n').length
  if (lines > maxLines) report(0, `${lines} lines; at most ${maxLines}. Look for the second thing inside.`)
  for (const match of text.matchAll(/@ts-(ignore|nocheck|expect-error)/g))
    report(match.index, `@ts-${match[1]}: correct the type instead.`)

  const constants = constantTexts(source)
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random')
      report(node.getStart(), 'Math.random: take a seeded generator as an argument.')
    if (ts.isCatchClause(node) && node.block.statements.length === 0)
      report(node.getStart(), 'empty catch: handle the error, count it, or let it pass on.')
    if (ts.isAsExpression(node) && node.type.kind === ts.SyntaxKind.AnyKeyword)
      report(node.getStart(), '"as any": name the type, or use unknown and check.')
    if (isSqlBuiltFromValues(node, constants))
      report(node.getStart(), 'SQL built from a value: bind it as a parameter.')
    ts.forEachChild(node, visit)
  }
  visit(source)
  return violations
}

/** SQL text with a hole that is not a constant text of the same file. `sql` tags bind their holes and are fine. */
function isSqlBuiltFromValues(node: ts.Node, constants: ReadonlySet<string>): boolean {
  const isConstant = (part: ts.Node) =>
    ts.isStringLiteralLike(part) || (ts.isIdentifier(part) && constants.has(part.text))
  if (ts.isTemplateExpression(node) && !ts.isTaggedTemplateExpression(node.parent))
    return (
      sql.test([node.head.text, ...node.templateSpans.map(span => span.literal.text)].join(' x ')) &&
      !node.templateSpans.every(span => isConstant(span.expression))
    )
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return (
      [node.left, node.right].some(side => ts.isStringLiteralLike(side) && sql.test(side.text)) &&
      ![node.left, node.right].every(isConstant)
    )
  return false
}

/** Names of module-level constants that are plain text. */
function constantTexts(source: ts.SourceFile): Set<string> {
  const declarations = source.statements
    .filter(ts.isVariableStatement)
    .filter(statement => (statement.declarationList.flags & ts.NodeFlags.Const) !== 0)
    .flatMap(statement => statement.declarationList.declarations)
  return new Set(
    declarations.flatMap(({ name, initializer }) =>
      ts.isIdentifier(name) && initializer !== undefined && ts.isStringLiteralLike(initializer) ? [name.text] : [],
    ),
  )
}
