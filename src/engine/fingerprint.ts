import { hash53 } from '../math/hash.ts'

/**
 * Names a failure by what stays the same when it happens again: its type, the tool, and its message without numbers,
 * paths, addresses, ids and quoted values. Two messages that differ only in those have one fingerprint.
 */
export function fingerprintOf(type: string, message = '', tool = ''): string {
  return hash53(`${type}\u0000${tool}\u0000${normalise(message)}`).toString(36)
}

function normalise(message: string): string {
  return message
    .slice(0, 4096)
    .replace(/(["'`])(?:(?!\1).){0,512}\1/gu, '<value>')
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/giu, '<id>')
    .replace(/\b[a-z][a-z+.-]*:\/\/\S+/giu, '<url>')
    .replace(/(?:[a-z]:)?(?:[\\/][\w.@+-]+){2,}/giu, '<path>')
    .replace(/\b(?:0x)?[0-9a-f]{6,}\b/giu, '<hex>')
    .replace(/\d+(?:[.,]\d+)*/gu, '<n>')
    .replace(/\s+/gu, ' ')
    .trim()
    .toLowerCase()
}
