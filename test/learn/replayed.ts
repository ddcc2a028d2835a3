import { EvidenceTable, type Observation } from '../../src/learn/hierarchy/evidence.ts'
import { HierarchyModel, type Prior, type Variances } from '../../src/learn/hierarchy/model.ts'
import { TaskPrecision } from '../../src/learn/hierarchy/task-precision.ts'

/** A model that took in the observations one by one; each is judged before it is learned. */
export function replayed(variances: Variances, prior: Prior, arms: number, observations: readonly Observation[]) {
  const evidence = new EvidenceTable(null)
  for (let arm = 1; arm <= arms; arm++) evidence.intern(`arm ${arm}`)
  const tasks = new TaskPrecision(evidence)
  const model = new HierarchyModel(variances, prior, evidence, tasks)
  for (const observation of observations) {
    const { category, task } = observation
    model.judge(observation)
    const before = model.messageOf(category)
    const cells = structuredClone(evidence.tasks.get(task))
    evidence.add(observation, 1)
    tasks.change(category, cells, evidence.tasks.get(task)!)
    const { arm } = observation
    model.update(category, arm, before, tasks.changeOf(arm, cells, evidence.tasks.get(task)!))
  }
  return { model, evidence, tasks }
}

/** A model of the same evidence that was never updated step by step. */
export function rebuilt(variances: Variances, prior: Prior, evidence: EvidenceTable): HierarchyModel {
  const tasks = new TaskPrecision(evidence)
  for (const cells of evidence.tasks.values()) tasks.change(cells.category, cells, cells)
  tasks.rebuild()
  return new HierarchyModel(variances, prior, evidence, tasks)
}
