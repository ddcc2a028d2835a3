import { z } from 'zod'

type Json = Record<string, unknown>

/** JSON Schema (2020-12) of what may be sent (`input`) or is answered (`output`), for descriptions of HTTP and of tools. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const {
    $schema: _dialect,
    $defs: _definitions,
    ...described
  } = z.toJSONSchema(schema, {
    io,
    // A Date cannot be sent as JSON: it is left out of the ways to give a moment.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'date') jsonSchema.not = {}
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      // Answers may gain fields.
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
      if (jsonSchema.anyOf !== undefined) jsonSchema.anyOf = jsonSchema.anyOf.filter(isPossible)
    },
  })
  return withoutReferences(described) as Json
}

const isPossible = (schema: object) => JSON.stringify(schema) !== '{"not":{}}'

/**
 * The only definition that refers to itself is "any JSON". Written as such, a schema needs no definitions at the root of
 * its document, and can be put into another one.
 */
function withoutReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutReferences)
  if (value === null || typeof value !== 'object') return value
  if ('$ref' in value) return {}
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, withoutReferences(child)]))
}
