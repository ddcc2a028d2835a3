import { z } from 'zod'

/** JSON Schema (2020-12) of what may be sent (`input`) or is answered (`output`), for descriptions of HTTP and of tools. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
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
  return described
}

const isPossible = (schema: object) => JSON.stringify(schema) !== '{"not":{}}'
