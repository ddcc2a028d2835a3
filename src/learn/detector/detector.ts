import type { State } from '../state.ts'

/**
 * Watches a stream of standardised surprises (0 on average, deviation 1, while nothing changes) and says when its level
 * has shifted. Pure and streaming. Each implementation runs `test/contract/detector.suite.ts`.
 */
export interface Detector {
  readonly id: string
  /** Takes in one value. Says in which direction the level has shifted; it then starts afresh. */
  update(value: number): Shift | null
  toState(): State
}

export type Shift = 'up' | 'down'
