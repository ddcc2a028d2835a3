/**
 * A decision as off-policy evaluation sees it: numbers only. Arms, categories and tasks are indices of the caller's.
 */
export interface LoggedChoice {
  /** The arms that could be taken. */
  readonly arms: readonly number[]
  /** Position in `arms` of the arm that was taken. */
  readonly taken: number
  /** Probability with which it was taken, above 0. */
  readonly propensity: number
  /** Probabilities of all `arms`, in their order; null where only that of the arm taken is on record. */
  readonly propensities: readonly number[] | null
  readonly category: number
  /** Choices about the same task share it: they are kept in one fold, and their outcomes are not taken as independent. */
  readonly task: number
  /** 0..1. */
  readonly reward: number
}

/**
 * The policy to be judged: its probabilities over the arms of the choice at `row`, as learned without the choices of
 * `fold`. A policy that learns nothing from the log ignores the fold.
 */
export type Target = (row: number, fold: number) => readonly number[]

/** A choice over `arms` positions that always takes the position `position`. */
export function certainly(position: number, arms: number): number[] {
  return Array.from({ length: arms }, (_, index) => (index === position ? 1 : 0))
}
