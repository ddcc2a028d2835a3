import { posix } from 'node:path'
import ts from 'typescript'

/** Source files by their path below `src`, with forward slashes: 'engine/open.ts' → its text. */
export type SourceTree = ReadonlyMap<string, string>

const ground = ['math', 'errors', 'scales']
const facts = [...ground, 'records', 'config']
const parts = [...facts, 'store', 'embed', 'learn']

/**
 * Who may import whom, type imports included. An area is a folder of `src`, or a file directly in it. A file may always
 * import from its own area; `index.ts` may import everything and is imported by nobody.
 */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  // level 0: nothing of ours
  math: [],
  errors: [],
  scales: [],
  modes: [],
  // level 1: the facts and the options; an option may speak of facts, never the other way round
  records: ground,
  config: [...ground, 'records', 'modes'],
  // level 2: side by side, never each other
  store: facts,
  embed: facts,
  learn: facts,
  // level 3: side by side, never each other
  ingest: parts,
  analyse: parts,
  knowledge: parts,
  // level 4: the only place where storage and learning meet
  engine: [...parts, 'modes', 'ingest', 'analyse', 'knowledge'],
  // level 5: the edges; the command line starts the demo
  demo: [...facts, 'engine'],
  // only types, but for the errors: it needs nothing but fetch
  client: ['errors', 'records', 'engine'],
  // thin bridges to frameworks, none of which they import
  adapters: ['errors', 'records', 'engine'],
  serve: [...facts, 'modes', 'engine', 'demo', 'client'],
}

/** Every breach of the import table in `tree`, one sentence each, naming both files and the rule. */
export function importViolations(tree: SourceTree): string[] {
  const violations: string[] = []
  for (const [file, text] of tree) {
    for (const specifier of importsOf(file, text)) {
      const message = judge(file, specifier, tree)
      if (message !== null) violations.push(message)
    }
  }
  return violations
}

/** Every import cycle in `tree` (type imports included): the files of each, in one sentence. */
export function importCycles(tree: SourceTree): string[] {
  const graph = new Map(
    [...tree].map(([file, text]) => [
      file,
      importsOf(file, text)
        .filter(isRelative)
        .map(specifier => resolve(file, specifier))
        .filter(target => tree.has(target)),
    ]),
  )
  const cycles: string[] = []
  const finished = new Set<string>()
  const path: string[] = []
  const visit = (file: string) => {
    if (path.includes(file)) {
      const loop = [...path.slice(path.indexOf(file)), file].map(name => `src/${name}`)
      cycles.push(`${loop.join(' → ')}: imports must not form a cycle; type imports count.`)
      return
    }
    if (finished.has(file)) return
    path.push(file)
    for (const target of graph.get(file)!) visit(target)
    path.pop()
    finished.add(file)
  }
  for (const file of graph.keys()) visit(file)
  return cycles
}

function judge(file: string, specifier: string, tree: SourceTree): string | null {
  const from = areaOf(file)
  if (from !== 'index' && importTable[from] === undefined)
    return `src/${file}: ${from} is not in the import table. Give it a place in test/architecture/imports.ts and docs/architecture.md.`
  if (specifier === 'tacit-ai' || specifier.startsWith('tacit-ai/'))
    return `src/${file} imports ${specifier}: nothing inside src imports the package itself.`
  if (!isRelative(specifier)) return null
  const target = resolve(file, specifier)
  const edge = `src/${file} imports ${target.startsWith('..') ? specifier : `src/${target}`}`
  if (!specifier.endsWith('.ts')) return `${edge}: imports of our own files carry their .ts ending.`
  if (target.startsWith('..')) return `${edge}: src imports nothing of ours from outside src.`
  if (!tree.has(target)) return `${edge}: there is no such file.`
  const to = areaOf(target)
  if (to === 'index') return `${edge}: index.ts is imported by nobody inside src.`
  if (from === 'index' || from === to || importTable[from]!.includes(to)) return null
  return `${edge}: ${from} may import only ${importTable[from]!.join(', ') || 'nothing of ours'}.`
}

const areaOf = (file: string) => file.split('/')[0]!.replace(/\.ts$/, '')
const isRelative = (specifier: string) => specifier.startsWith('.')
const resolve = (file: string, specifier: string) => posix.join(posix.dirname(file), specifier)

/** What a file imports: import, export … from, import(…), typeof import(…) and import types, in order of appearance. */
function importsOf(file: string, text: string): string[] {
  const specifiers: string[] = []
  const add = (node: ts.Node | undefined) => {
    if (node !== undefined && ts.isStringLiteralLike(node)) specifiers.push(node.text)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal)
    else if (ts.isExternalModuleReference(node)) add(node.expression)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0])
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest))
  return specifiers
}
