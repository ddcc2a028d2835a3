import type { Value } from './spans.ts'

/**
 * What was asked, from what a trace holds about the input of a span: plain text, or messages of which the last one of the
 * user counts. Null if there is no text in it.
 */
export function taskText(value: Value | undefined): string | null {
  if (typeof value !== 'string') return value === undefined ? null : fromData(value)
  const trimmed = value.trim()
  if (trimmed === '') return null
  if (!/^[[{"]/.test(trimmed)) return trimmed
  try {
    return fromData(JSON.parse(trimmed)) ?? trimmed
  } catch {
    // Cut off, or never JSON: then it is the text itself.
    return trimmed
  }
}

const inputKeys = [
  'messages',
  'prompt',
  'input',
  'query',
  'question',
  'task',
  'kwargs',
  'args',
  'inputs',
  'text',
] as const
const deepest = 8

function fromData(data: unknown, depth = 0): string | null {
  if (depth > deepest) return null
  if (typeof data === 'string') return data.trim() === '' ? null : data
  if (Array.isArray(data)) return fromMessages(data, depth)
  if (data === null || typeof data !== 'object') return null
  for (const key of inputKeys) {
    const found = Object.hasOwn(data, key) ? fromData((data as Record<string, unknown>)[key], depth + 1) : null
    if (found !== null) return found
  }
  return null
}

function fromMessages(items: readonly unknown[], depth: number): string | null {
  const flat = items.flatMap(item => (Array.isArray(item) ? item : [item]))
  const messages = flat.filter(item => item !== null && typeof item === 'object') as Record<string, unknown>[]
  const asked = messages.findLast(message => isUser(message) && contentOf(message) !== null)
  if (asked !== undefined) return contentOf(asked)
  if (messages.length > 0)
    return messages.some(({ role, type }) => role ?? type) ? null : fromData(messages[0], depth + 1)
  const texts = flat.filter(item => typeof item === 'string' && item.trim() !== '') as string[]
  return texts.length === 0 ? null : texts.join('\n')
}

const isUser = ({ role, type, 'message.role': flat, kwargs }: Record<string, unknown>) =>
  [role, type, flat].some(name => name === 'user' || name === 'human') ||
  (kwargs !== null && typeof kwargs === 'object' && (kwargs as Record<string, unknown>).type === 'human')

/** The text of a message: a string, or the text among its parts. */
function contentOf(message: Record<string, unknown>): string | null {
  const { content, parts, kwargs } = message
  const body =
    content ?? parts ?? message['message.content'] ?? (kwargs as Record<string, unknown> | undefined)?.content
  if (typeof body === 'string') return body.trim() === '' ? null : body
  if (!Array.isArray(body)) return null
  const texts = body.flatMap(part => {
    if (typeof part === 'string') return [part]
    const { type, text, content } = (part ?? {}) as Record<string, unknown>
    const words = text ?? content
    return (type === undefined || type === 'text' || type === 'input_text') && typeof words === 'string' ? [words] : []
  })
  const joined = texts.join('\n').trim()
  return joined === '' ? null : joined
}
