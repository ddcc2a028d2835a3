import { z } from 'zod'

/**
 * The input of an operation as the query of a URL gives it: texts as they are, everything else as JSON. A list is given
 * by repeating its name, or as one JSON array. Unknown names are passed on, to be refused by the schema.
 */
export function inputFromQuery(schema: z.ZodType, query: URLSearchParams): Record<string, unknown> {
  const { shape } = schema as unknown as { shape: Record<string, z.ZodType> }
  const names = [...new Set(query.keys())]
  return Object.fromEntries(
    names.map(name => {
      const field = Object.hasOwn(shape, name) ? innermost(shape[name]!) : undefined
      return [name, valueFrom(field, query.getAll(name))]
    }),
  )
}

/** What stands below optional, default, pipe and the like. */
function innermost(schema: z.ZodType): z.ZodType {
  const { innerType, in: source } = schema.def as { innerType?: z.ZodType; in?: z.ZodType }
  const inner = innerType ?? source
  return inner === undefined ? schema : innermost(inner)
}

function valueFrom(field: z.ZodType | undefined, texts: string[]): unknown {
  if (field instanceof z.ZodArray) {
    if (texts.length === 1 && texts[0]!.startsWith('[')) return fromJson(texts[0]!)
    return texts.map(text => (text.startsWith('{') ? fromJson(text) : text))
  }
  if (texts.length > 1) return texts
  const text = texts[0]!
  return field === undefined || field instanceof z.ZodString || field instanceof z.ZodEnum ? text : fromJson(text)
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
