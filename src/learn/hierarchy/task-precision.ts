import type { StateRecord } from '../state.ts'
import type { Cells, EvidenceTable } from './evidence.ts'
import { addMessage, type CellChange, cellChange, type Message, message } from './gaussian.ts'

/** Shares of the noise variance that are the task's difficulty (all arms) and arm × task, once tasks recur. */
export const taskVariances = { taskShared: 0.2, taskOwn: 0.4 } as const

/**
 * For each category in which some task was met more than once: the precision matrix and vector that its tasks, taken
 * one by one, pass up to it. In all other categories every task was met once, and the plain counts say the same.
 */
export class TaskPrecision {
  readonly categories = new Map<string, { precision: Float64Array; vector: Float64Array }>()
  readonly #evidence: EvidenceTable

  constructor(evidence: EvidenceTable) {
    this.#evidence = evidence
  }

  /** A task's cells changed from `before` to `after`. True if its category is followed from now on. */
  change(category: string, before: Cells | undefined, after: Cells): boolean {
    const node = this.categories.get(category)
    if (node !== undefined) {
      if (before !== undefined) this.#add(node, before, -1)
      this.#add(node, after, 1)
      return false
    }
    if (after.arms.length < 2 && !(after.n[0]! > 1)) return false
    this.#build([category])
    return true
  }

  /** How one observation changed what its task passes up to the category. */
  changeOf(arm: number, before: Cells | undefined, after: Cells): CellChange {
    return cellChange(arm, messageOf(before ?? { arms: [], n: [], s: [] }), messageOf(after))
  }

  rebuild(): void {
    this.#build([...this.categories.keys()])
  }

  toState(): StateRecord {
    const nodes = [...this.categories]
    return {
      categories: nodes.map(([name]) => name),
      precisions: nodes.map(([, node]) => node.precision),
      vectors: nodes.map(([, node]) => node.vector),
    }
  }

  restore(state: StateRecord): void {
    for (const [i, name] of (state.categories as string[]).entries()) {
      const precision = (state.precisions as Float64Array[])[i]!
      this.categories.set(name, { precision, vector: (state.vectors as Float64Array[])[i]! })
    }
  }

  #build(names: readonly string[]): void {
    const size = this.#evidence.arms.length
    const remainders = new Map<string, { n: Float64Array; s: Float64Array }>()
    for (const name of names) {
      this.categories.set(name, { precision: new Float64Array(size * size), vector: new Float64Array(size) })
      const rest = { n: new Float64Array(size), s: new Float64Array(size) }
      remainders.set(name, rest)
      accumulate(rest, this.#evidence.categories.get(name), 1)
    }
    for (const task of this.#evidence.tasks.values()) {
      const rest = remainders.get(task.category)
      if (rest === undefined) continue
      accumulate(rest, task, -1)
      this.#add(this.categories.get(task.category)!, task, 1)
    }
    // Tasks that are no longer remembered one by one count as if each had been met once.
    for (const [name, { n, s }] of remainders) {
      const node = this.categories.get(name)!
      for (let a = 0; a < size; a++) {
        if (n[a]! < 1e-9) continue
        node.precision[a * size + a]! += n[a]!
        node.vector[a]! += s[a]!
      }
    }
  }

  #add(node: { precision: Float64Array; vector: Float64Array }, cells: Cells, sign: number): void {
    addMessage(node.precision, node.vector, node.vector.length, messageOf(cells), sign)
  }
}

function messageOf({ arms, n, s }: Cells): Message {
  const { taskShared, taskOwn } = taskVariances
  return message(taskShared, taskOwn, 1 - taskShared - taskOwn, [...arms], n, s)
}

function accumulate(rest: { n: Float64Array; s: Float64Array }, cells: Cells | undefined, sign: number): void {
  if (cells === undefined) return
  for (let i = 0; i < cells.arms.length; i++) {
    rest.n[cells.arms[i]!]! += sign * cells.n[i]!
    rest.s[cells.arms[i]!]! += sign * cells.s[i]!
  }
}
