import { formatCount } from './format.ts'

/** A line on standard error that says how far a long command is. Silent where standard error is not a terminal. */
export interface Progress {
  /** @param share done so far, 0 to 1, or null where the end is not known. */
  update(share: number | null, text: string): void
  /** Removes the line. */
  clear(): void
}

const refreshMs = 100
const barWidth = 24

/** @param label what is being done ("Recording"). */
export function createProgress(label: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { update() {}, clear() {} }
  let shownAtMs = Number.NEGATIVE_INFINITY
  let isShown = false
  return {
    update(share, text) {
      const nowMs = performance.now()
      if (nowMs - shownAtMs < refreshMs && share !== 1) return
      shownAtMs = nowMs
      isShown = true
      const line = share === null ? `${label}  ${text}` : `${label}  ${bar(share)} ${percent(share)}  ${text}`
      stream.write(`\r\u001B[2K${line.slice(0, (stream.columns || 80) - 1)}`)
    },
    clear() {
      if (isShown) stream.write('\r\u001B[2K')
      isShown = false
    },
  }
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * barWidth)
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)}`
}

function percent(share: number): string {
  return `${formatCount(Math.floor(Math.min(1, share) * 100)).padStart(3)} %`
}
