type Json = Readonly<Record<string, unknown>>

/**
 * A JSON schema that says the same in fewer words: agents read it with every prompt. Below `depth` levels of objects and
 * lists only the type is left, and `describes` says whether sentences stay on the first level. Pairs are written so that
 * validators of any draft understand them. Whatever the full schema allows, the compact one allows.
 */
export function compactSchema(schema: Json, depth: number, describes: boolean): Json {
  return compact(schema, depth, describes)
}

function compact(schema: Json, depth: number, describes: boolean): Json {
  const { properties, items, prefixItems, anyOf, additionalProperties, description, ...rest } = schema
  const kept = { ...withoutNoise(rest), ...(describes && description !== undefined ? { description } : {}) }
  const inner = (child: unknown, childDepth = depth - 1) =>
    isSchema(child) ? compact(child, childDepth, false) : child
  if (Array.isArray(anyOf)) {
    const kinds = anyOf.map(each => inner(each, depth))
    return depth <= 0 ? { ...kept, ...typesOf(anyOf) } : { ...kept, anyOf: kinds }
  }
  if (depth <= 0) return typesOf([schema]) as Json
  if (isSchema(properties)) {
    const fields = Object.entries(properties).map(([name, field]) => [
      name,
      isSchema(field) ? compact(field, depth - 1, describes) : field,
    ])
    return {
      ...kept,
      properties: Object.fromEntries(fields),
      ...(additionalProperties === false && { additionalProperties }),
    }
  }
  if (Array.isArray(prefixItems)) {
    return { ...kept, items: inner(prefixItems[0]), minItems: prefixItems.length, maxItems: prefixItems.length }
  }
  return {
    ...kept,
    ...(items === undefined ? {} : { items: inner(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: inner(additionalProperties) }),
  }
}

const isSchema = (value: unknown): value is Json => value !== null && typeof value === 'object' && !Array.isArray(value)

/** Names of fields and patterns are checked by the operation itself, with a better message. */
function withoutNoise({ propertyNames: _names, pattern: _pattern, format: _format, ...rest }: Json): Json {
  return rest
}

/** Only the types; nothing where one of the ways has none. */
function typesOf(schemas: readonly unknown[]): Json {
  const types = new Set(schemas.flatMap(typesIn))
  return types.size === 0 || types.has('any') ? {} : { type: types.size === 1 ? [...types][0] : [...types] }
}

function typesIn(schema: unknown): string[] {
  if (!isSchema(schema)) return ['any']
  if (Array.isArray(schema.anyOf)) return schema.anyOf.flatMap(typesIn)
  if (typeof schema.type === 'string') return [schema.type]
  return Array.isArray(schema.type) ? (schema.type as string[]) : ['any']
}
