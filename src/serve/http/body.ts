import { TacitError } from '../../errors.ts'

/**
 * The JSON of a request body; an empty body is an empty object. Packed bodies are not taken, so a small one cannot unfold
 * into a huge one.
 * @throws TacitError TOO_LARGE, UNSUPPORTED_MEDIA_TYPE or INVALID_INPUT
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw new TacitError('UNSUPPORTED_MEDIA_TYPE', 'Packed bodies are not taken. Send it without Content-Encoding.')
  }
  const bytes = await readBytes(request, maxBytes)
  if (bytes.length === 0) return {}
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type)) {
    throw new TacitError('UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON in UTF-8: Content-Type: application/json.')
  }
  return parseJson(bytes)
}

/** @throws TacitError TOO_LARGE, or INVALID_INPUT for a body that broke off */
export async function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length
      if (length > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof TacitError) throw cause
    throw new TacitError('INVALID_INPUT', 'The body broke off. Send all of it.', { cause })
  }
  return Buffer.concat(chunks)
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? `it is not valid JSON: ${cause.message}` : 'it is not valid UTF-8'
    throw new TacitError('INVALID_INPUT', `The body cannot be read: ${reason}.`, { cause })
  }
}

export const tooLarge = (maxBytes: number) =>
  new TacitError('TOO_LARGE', `The body is longer than ${maxBytes} bytes. Send less at once (server.maxBodyBytes).`, {
    details: { maxBytes },
  })
