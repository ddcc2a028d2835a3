/**
 * How much each level of the hierarchy says about an arm's estimate; the three sum to 1. A level's share is what does not
 * pass through it: were everything above the level one higher, and what was observed in it as it is, the estimate would
 * rise by 1 less the level's share (the credibility factor of Bühlmann 1967, with what arms share counted in).
 */
export interface LevelShares {
  /** All tasks, and what was believed before any. */
  readonly all: number
  readonly taskType: number
  /** This very task, met before. */
  readonly task: number
}

/** `throughType` of what is known of all tasks passes through the task type, `throughTask` of both through the task. */
export function levelShares(throughType: number, throughTask: number): LevelShares {
  return { all: throughTask * throughType, taskType: throughTask * (1 - throughType), task: 1 - throughTask }
}

/** The mean of shares with weights that sum to 1. */
export function meanShares(
  weighted: readonly { readonly weight: number; readonly shares: LevelShares }[],
): LevelShares {
  const mean = (of: (shares: LevelShares) => number) =>
    weighted.reduce((sum, { weight, shares }) => sum + weight * of(shares), 0)
  return { all: mean(({ all }) => all), taskType: mean(({ taskType }) => taskType), task: mean(({ task }) => task) }
}
