import type { Tacit } from '../engine/types.ts'
import type { OutcomeInput } from '../records.ts'
import type { Attempt } from './portfolio.ts'
import type { Task } from './tasks.ts'

/** Marks the facts that the demo wrote, so that it knows its own database again. */
export const demoMark = { demo: true } as const

/**
 * decide → run → observe, task by task. The outcome observed is that of the real run of the chosen solver on this task,
 * taken from `attempts`; what the other solvers would have done stays hidden from Tacit.
 * @returns the index of the arm chosen for each task.
 */
export async function learnOnline(
  tacit: Tacit,
  tasks: readonly Pick<Task, 'text' | 'kind'>[],
  attempts: readonly (readonly Attempt[])[],
  onProgress: (done: number) => void,
): Promise<number[]> {
  const arms = attempts[0]!.map(({ arm }) => arm)
  const chosen: number[] = []
  for (const [index, task] of tasks.entries()) {
    const { decisionId, arm } = await tacit.decide({
      task: task.text,
      taskType: task.kind.taskType,
      arms,
      metadata: { ...demoMark },
    })
    const armIndex = arms.indexOf(arm)
    chosen.push(armIndex)
    await tacit.observe(decisionId, toOutcome(attempts[index]![armIndex]!))
    onProgress(index + 1)
  }
  return chosen
}

function toOutcome({ success, quality, durationMs, error }: Attempt): OutcomeInput {
  return { success, quality, durationMs, ...(error === null ? {} : { error }), provenance: 'test' }
}
