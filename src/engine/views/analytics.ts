import { TacitError } from '../../errors.ts'
import { wilsonInterval } from '../../math/statistics.ts'
import type { ExecutionFilter } from '../../store/store.ts'
import type { Parts } from '../parts.ts'
import { armOf, experiences, experiencesOf, rewardFormula } from './experience.ts'
import type { AnalyticsRange, ExperiencePage, HistoryOptions, LearningAnalytics, TrendDay } from './types.ts'

const dayMs = 86_400_000
const defaultPage = 50

/** What was experienced in a range: reward and success, as a whole and by day. */
export async function analytics(parts: Parts, range: AnalyticsRange): Promise<LearningAnalytics> {
  const { about, reward } = rewardFormula(parts.config, range.formula)
  const total = new Sums()
  const days = new Map<string, Sums>()
  for await (const experience of experiences(parts, filterOf(range, parts.now()))) {
    const date = isoOf(experience.decision.atUs).slice(0, 10)
    const day = days.get(date) ?? new Sums()
    days.set(date, day)
    for (const sums of [total, day]) sums.add(reward(experience).reward, experience.outcome.body.success)
  }
  return {
    formula: about,
    totalExperiences: total.experiences,
    avgReward: total.rewards === 0 ? null : { mean: total.reward / total.rewards, n: total.rewards },
    successRate:
      total.known === 0
        ? null
        : {
            mean: total.successes / total.known,
            n: total.known,
            interval: wilsonInterval(total.successes, total.known),
          },
    learningTrend: [...days]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([date, sums]): TrendDay => ({
          date,
          experiences: sums.experiences,
          avgReward: sums.rewards === 0 ? null : sums.reward / sums.rewards,
          successRate: sums.known === 0 ? null : sums.successes / sums.known,
        }),
      ),
  }
}

/** One page of experiences, the latest decision first. */
export async function history(parts: Parts, options: HistoryOptions): Promise<ExperiencePage> {
  const { limit = defaultPage, after } = options
  const { about, reward } = rewardFormula(parts.config, options.formula)
  const from = after === undefined ? null : cursorFrom(after)
  const rows = await parts.store.executions(parts.config.scope, {
    ...filterOf(options, parts.now()),
    withOutcome: true,
    ...(from && { untilUs: from.us }),
    // Of the moment at which the last page ended, some were given already.
    limit: limit + 1 + (from?.given ?? 0),
  })
  const fresh = rows.filter(row => row.decidedAtUs !== null).slice(from?.given ?? 0)
  const page = fresh.slice(0, limit)
  const found = await experiencesOf(parts, page)
  return {
    formula: about,
    experiences: found.map(experience => ({
      executionId: experience.decision.id,
      timestamp: isoOf(experience.decision.atUs),
      state: { taskType: experience.decision.body.taskType, task: experience.decision.body.task },
      action: armOf(experience),
      ...reward(experience),
      success: experience.outcome.body.success,
    })),
    next:
      fresh.length > limit
        ? cursorAfter(
            page.map(row => row.decidedAtUs!),
            from,
          )
        : null,
  }
}

function filterOf({ daysBack, taskType, strategy }: AnalyticsRange, nowMs: number): ExecutionFilter {
  return {
    ...(daysBack === undefined ? {} : { sinceUs: Math.max(0, Math.round((nowMs - daysBack * dayMs) * 1000)) }),
    ...(taskType === undefined ? {} : { taskType }),
    ...(strategy === undefined ? {} : { arm: strategy }),
  }
}

/** Where a page ended: the moment of its last decision, and how many of that moment were given so far. */
interface Cursor {
  readonly us: number
  readonly given: number
}

function cursorAfter(decidedAtUs: readonly number[], from: Cursor | null): string {
  const us = decidedAtUs.at(-1)!
  const here = decidedAtUs.filter(at => at === us).length
  return `${us}.${here + (from?.us === us ? from.given : 0)}`
}

function cursorFrom(text: string): Cursor {
  const match = /^(\d{1,16})\.(\d{1,9})$/.exec(text)
  if (match !== null) return { us: Number(match[1]), given: Number(match[2]) }
  throw new TacitError(
    'INVALID_INPUT',
    `after: ${JSON.stringify(text)} is not the "next" of a page. Leave it out to begin.`,
  )
}

class Sums {
  experiences = 0
  rewards = 0
  reward = 0
  known = 0
  successes = 0

  add(reward: number | null, success: boolean | null): void {
    this.experiences++
    if (reward !== null) {
      this.rewards++
      this.reward += reward
    }
    if (success !== null) {
      this.known++
      if (success) this.successes++
    }
  }
}

const isoOf = (us: number) => new Date(us / 1000).toISOString()
