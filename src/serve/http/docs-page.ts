import { createHash } from 'node:crypto'

type Json = Record<string, unknown>

interface Route {
  readonly method: string
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly description: string
  readonly input: Json | null
  readonly parameters: readonly Json[]
  readonly answer: Json | null
  readonly example: unknown
}

/** The description of the server as one page: no script, nothing from elsewhere, readable without a mouse. */
export function docsPage(description: Json): string {
  const routes = routesOf(description)
  const { title, version, description: about } = description.info as Record<string, string>
  const tags = description.tags as { name: string; description: string }[]
  const sections = tags.map(tag =>
    section(
      tag,
      routes.filter(route => route.tag === tag.name),
    ),
  )
  const contents = routes.map(
    route => `<li><a href="#${anchor(route)}">${html(`${route.method} ${route.path}`)}</a> ${html(route.summary)}</li>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title!)} HTTP API</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#routes">Skip to the routes</a>
<header><h1>${html(title!)} <small>HTTP API, version ${html(version!)}</small></h1>
<p>${html(about!)}</p>
<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). Errors are problem details (RFC 9457) with a <code>code</code>.</p></header>
<nav aria-label="Routes"><ul>
${contents.join('\n')}
</ul></nav>
<main id="routes">
${sections.join('\n')}
</main>
</body>
</html>
`
}

const style = `:root{color-scheme:light dark;--line:#8886;--soft:#8881}
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h1 small{font-size:1rem;font-weight:normal}
h2{margin-top:3rem;border-bottom:1px solid var(--line)}
h3{margin-top:2rem;font-size:1.1rem}
code,pre{font:.9rem/1.45 ui-monospace,monospace}
pre{background:var(--soft);border:1px solid var(--line);border-radius:.4rem;padding:.8rem;overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
caption{text-align:left;font-weight:600}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line)}
nav ul{columns:20rem;padding-left:1.2rem}
a{color:LinkText}
.skip{position:absolute;left:-99rem}
.skip:focus{position:static}
:focus-visible{outline:3px solid Highlight;outline-offset:2px}`

/** What a Content-Security-Policy must allow for the page to look as it should. */
export const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`

function section(tag: { name: string; description: string }, routes: readonly Route[]): string {
  return `<section aria-labelledby="${tag.name}">
<h2 id="${tag.name}">${html(tag.description)}</h2>
${routes.map(article).join('\n')}
</section>`
}

function article(route: Route): string {
  const { method, path, summary, description, input, parameters, answer, example } = route
  const id = anchor(route)
  return `<article aria-labelledby="${id}">
<h3 id="${id}"><code>${html(`${method} ${path}`)}</code> ${html(summary)}</h3>
<p>${html(description)}</p>
${input === null ? parameterTable(parameters) : fields('Body', input)}
${answer === null ? '' : fields('Answer', answer)}
${example === undefined ? '' : `<pre tabindex="0"><code>${html(`curl -s localhost:7345${path} --json '${JSON.stringify(example)}'`)}</code></pre>`}
</article>`
}

function fields(caption: string, schema: Json): string {
  const inner = schema.type === 'array' ? (schema.items as Json) : schema
  const properties = Object.entries((inner.properties ?? {}) as Record<string, Json>)
  if (properties.length === 0) return ''
  const required = (inner.required ?? []) as string[]
  const rows = properties.map(([name, field]) => row(name, typeOf(field), required.includes(name), field.description))
  return table(schema.type === 'array' ? `${caption}: a list of` : caption, rows)
}

function parameterTable(parameters: readonly Json[]): string {
  const own = parameters.filter(({ name }) => name !== undefined)
  if (own.length === 0) return ''
  const rows = own.map(({ name, schema, required, description }) =>
    row(String(name), typeOf((schema ?? {}) as Json), required === true, description),
  )
  return table('Parameters', rows)
}

const table = (caption: string, rows: readonly string[]) => `<table><caption>${html(caption)}</caption>
<thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>`

const row = (name: string, type: string, isRequired: boolean, description: unknown) =>
  `<tr><th scope="row"><code>${html(name)}</code>${isRequired ? ' (needed)' : ''}</th><td>${html(type)}</td><td>${html(String(description ?? ''))}</td></tr>`

function typeOf(schema: Json): string {
  if (Array.isArray(schema.enum)) return schema.enum.join(', ')
  const any = (schema.anyOf ?? schema.oneOf) as Json[] | undefined
  if (any !== undefined) return [...new Set(any.map(typeOf))].join(' or ')
  if (schema.type === 'array') return `list of ${typeOf((schema.items ?? {}) as Json)}`
  return String(schema.type ?? schema.const ?? 'any')
}

function routesOf({ paths }: Json): Route[] {
  return Object.entries(paths as Record<string, Record<string, Json>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, entry]) => {
      const body = contentOf(entry.requestBody as Json | undefined)
      const examples = Object.values((body?.examples ?? {}) as Record<string, { value: unknown }>)
      return {
        method: method.toUpperCase(),
        path,
        tag: (entry.tags as string[])[0]!,
        summary: String(entry.summary),
        description: String(entry.description ?? ''),
        input: (body?.schema as Json | undefined) ?? null,
        parameters: (entry.parameters ?? []) as Json[],
        answer: (contentOf((entry.responses as Record<string, Json>)['200'])?.schema as Json | undefined) ?? null,
        example: examples[0]?.value,
      }
    }),
  )
}

const contentOf = (part: Json | undefined) => (part?.content as Record<string, Json> | undefined)?.['application/json']

const anchor = ({ method, path }: Route) => `${method}${path.replaceAll('/', '-')}`.toLowerCase()

const html = (text: string) => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
