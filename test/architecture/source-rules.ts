import ts from 'typescript'
import type { SourceTree } from './imports.ts'

const maxLines = 400
const sql =
  /\b(select\b[^;]*\bfrom|insert\s+(or\s+\w+\s+)?into|update\s+\S+\s+set|delete\s+from|(create|drop|alter)\s+(unique\s+|virtual\s+)?(table|index|trigger)|pragma\s+\w)|^\s*(vacuum|truncate|reindex|notify|grant|set\s+local)\s/i

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

  const fixedNames = namesOfModule(source)
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random')
      report(node.getStart(), 'Math.random: take a seeded generator as an argument.')
    if (ts.isCatchClause(node) && node.block.statements.length === 0)
      report(node.getStart(), 'empty catch: handle the error, count it, or let it pass on.')
    if (ts.isAsExpression(node) && node.type.kind === ts.SyntaxKind.AnyKeyword)
      report(node.getStart(), '"as any": name the type, or use unknown and check.')
    if (isSqlBuiltFromValues(node, fixedNames))
      report(node.getStart(), 'SQL built from a value: bind it as a parameter.')
    ts.forEachChild(node, visit)
  }
  visit(source)
  return violations
}

/**
 * SQL put together inside a function from something other than fixed parts. Fixed are texts, names of the module
 * (constants and imports) and parameters whose type lists their texts. `sql` tags bind their holes. A PRAGMA cannot bind.
 */
function isSqlBuiltFromValues(node: ts.Node, fixedNames: ReadonlySet<string>): boolean {
  const isFixed = (part: ts.Node) =>
    ts.isStringLiteralLike(part) || (ts.isIdentifier(part) && (fixedNames.has(part.text) || isListedParameter(part)))
  const isBuilt = (texts: readonly string[], parts: readonly ts.Node[]) =>
    sql.test(texts.join(' x ')) && !parts.every(isFixed) && isInFunction(node)
  if (ts.isTemplateExpression(node) && !ts.isTaggedTemplateExpression(node.parent)) {
    const texts = [node.head.text, ...node.templateSpans.map(span => span.literal.text)]
    const isPragma = /^PRAGMA \w+ = $/i.test(node.head.text) && texts.slice(1).join('') === ''
    return (
      !isPragma &&
      isBuilt(
        texts,
        node.templateSpans.map(span => span.expression),
      )
    )
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const sides = [node.left, node.right]
    return isBuilt(
      sides.filter(ts.isStringLiteralLike).map(side => side.text),
      sides,
    )
  }
  return false
}

function isInFunction(node: ts.Node): boolean {
  return ts.findAncestor(node, ts.isFunctionLike) !== undefined
}

/** Whether `name` is a parameter of an enclosing function with a type such as `'ASC' | 'DESC'`. */
function isListedParameter(name: ts.Identifier): boolean {
  for (let scope = name.parent; !ts.isSourceFile(scope); scope = scope.parent) {
    if (!ts.isFunctionLike(scope)) continue
    const parameter = scope.parameters.find(candidate => candidate.name.getText() === name.text)
    if (parameter?.type === undefined) continue
    const types = ts.isUnionTypeNode(parameter.type) ? parameter.type.types : [parameter.type]
    return types.every(type => ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal))
  }
  return false
}

/** Names that stand for the same thing whenever the module runs: its constants and its imports. */
function namesOfModule(source: ts.SourceFile): Set<string> {
  const names = new Set<string>()
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.Const) !== 0)
      for (const { name } of statement.declarationList.declarations) names.add(name.getText())
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined
    if (bindings !== undefined && ts.isNamedImports(bindings))
      for (const { name } of bindings.elements) names.add(name.text)
  }
  return names
}
