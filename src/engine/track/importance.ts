import { wordNames } from '../../embed/features.ts'
import type { LevelShares } from '../../learn/level-shares.ts'
import { isWordPlace, placeOfWord } from '../../learn/predictor/vocabulary.ts'
import type { ArmSpec } from '../../records.ts'
import type { Learner } from '../learner.ts'
import { eligibleArms, learnerNow, type Parts } from '../parts.ts'

/** Past tasks whose words are looked at where no task is named: the latest. */
const recentTasks = 500
const defaultLimit = 10
/** Arms looked at: more than can be read. */
const maxArms = 100

export interface ImportanceOptions {
  /** Explain the forecast for this task; left out: the latest 500 tasks together. */
  readonly task?: string
  readonly taskType?: string
  readonly arms?: readonly ArmSpec[]
  /** Most words per arm (default 10). */
  readonly limit?: number
}

export interface ArmImportance {
  readonly arm: string
  /** Probability of success by arm and task type alone (mean over the tasks). */
  readonly base: number
  /** How much all tasks, the task type and the task itself say; null while nothing is known, or over several tasks. */
  readonly shares: LevelShares | null
  /** What the arm adds to the logit of success beside its rate, whatever the words. */
  readonly armEffect: number
  /** Runs of characters (parts of words), all together: mean effect on the logit. */
  readonly charactersEffect: number
  /** The words and pairs of words that matter most, by how far they move the logit on average over the tasks. */
  readonly words: readonly WordImportance[]
}

export interface WordImportance {
  readonly word: string
  /** Mean effect on the logit of success in the tasks that hold the word; above 0 it speaks for success. */
  readonly effect: number
  /** Mean absolute effect over all tasks. */
  readonly importance: number
  /** Tasks that hold it. */
  readonly tasks: number
}

export interface Importance {
  readonly tasks: number
  readonly arms: readonly ArmImportance[]
}

interface Text {
  readonly task: string
  readonly taskType: string | null
}

/** What the forecast of success rests on, read off the coefficients. Writes nothing. */
export async function importance(parts: Parts, options: ImportanceOptions): Promise<Importance> {
  const { task, taskType, arms, limit = defaultLimit } = options
  const learner = await parts.synchroniser.exclusive(() => learnerNow(parts))
  const texts =
    task === undefined ? await recent(parts, taskType) : [{ task: parts.guard.task(task), taskType: taskType ?? null }]
  if (texts.length === 0 && arms === undefined && learner.arms.size === 0) return { tasks: 0, arms: [] }
  const eligible = eligibleArms(arms, learner, parts.config).slice(0, maxArms)
  const day = parts.now() * 1000
  const subjects = texts.map(text => ({ text, subject: learner.subjectOf(text.task, text.taskType, day) }))
  return {
    tasks: texts.length,
    arms: eligible.map(({ id }) => ({
      arm: id,
      shares: task === undefined ? null : learner.shares(subjects[0]!.subject, id),
      ...effectsOf(learner, id, subjects, limit),
    })),
  }
}

async function recent({ store, config }: Parts, taskType: string | undefined): Promise<Text[]> {
  const filter = { limit: recentTasks, ...(taskType === undefined ? {} : { taskType }) }
  const rows = await store.executions(config.scope, filter)
  return rows.flatMap(({ task, taskType }) => (task === null ? [] : [{ task, taskType }]))
}

function effectsOf(
  learner: Learner,
  arm: string,
  subjects: readonly { readonly text: Text; readonly subject: ReturnType<Learner['subjectOf']> }[],
  limit: number,
): Omit<ArmImportance, 'arm' | 'shares'> {
  const words = new Map<string, { sum: number; absolute: number; tasks: number }>()
  const sums = { base: 0, arm: 0, characters: 0 }
  for (const { text, subject } of subjects) {
    const { base, arm: armEffect, features } = learner.effects(subject, arm)
    sums.base += base
    sums.arm += armEffect
    for (const [place, effect] of features) if (!isWordPlace(place)) sums.characters += effect
    for (const [hash, name] of wordNames(text.task)) {
      const effect = features.get(placeOfWord(hash))
      if (effect === undefined) continue
      const word = words.get(name) ?? { sum: 0, absolute: 0, tasks: 0 }
      words.set(name, word)
      word.sum += effect
      word.absolute += Math.abs(effect)
      word.tasks++
    }
  }
  const n = Math.max(1, subjects.length)
  const ranked = [...words]
    .map(([word, { sum, absolute, tasks }]) => ({ word, effect: sum / tasks, importance: absolute / n, tasks }))
    .filter(({ importance }) => importance > 0)
    .sort((a, b) => b.importance - a.importance || (a.word < b.word ? -1 : 1))
  return {
    base: sums.base / n,
    armEffect: sums.arm / n,
    charactersEffect: sums.characters / n,
    words: ranked.slice(0, limit),
  }
}
