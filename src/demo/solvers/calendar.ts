import type { Timetable } from '../problems.ts'

/** Which jobs stand in which room, with quick answers to "what is in the way?". */
export class Calendar {
  readonly #timetable: Timetable
  /** Jobs of each room, by start. */
  readonly #rooms: number[][]
  readonly #roomOf: number[]

  constructor(timetable: Timetable) {
    this.#timetable = timetable
    this.#rooms = Array.from({ length: timetable.rooms }, () => [])
    this.#roomOf = new Array<number>(timetable.starts.length).fill(-1)
  }

  roomOf(job: number): number {
    return this.#roomOf[job]!
  }

  /** The first room in which `job` has nothing in its way, or -1. */
  freeRoom(job: number): number {
    return this.#rooms.findIndex((_, room) => this.inTheWay(job, room).length === 0)
  }

  /** The jobs of `room` that overlap with `job`. */
  inTheWay(job: number, room: number): number[] {
    const { starts, ends } = this.#timetable
    const jobs = this.#rooms[room]!
    let last = this.#firstStartingAt(jobs, ends[job]!)
    const found: number[] = []
    while (--last >= 0 && ends[jobs[last]!]! > starts[job]!) found.push(jobs[last]!)
    return found
  }

  /** Nothing may be in the way. */
  place(job: number, room: number): void {
    const jobs = this.#rooms[room]!
    jobs.splice(this.#firstStartingAt(jobs, this.#timetable.starts[job]!), 0, job)
    this.#roomOf[job] = room
  }

  remove(job: number): void {
    const jobs = this.#rooms[this.#roomOf[job]!]!
    jobs.splice(jobs.indexOf(job), 1)
    this.#roomOf[job] = -1
  }

  answer(): number[] {
    return [...this.#roomOf]
  }

  /** Position of the first of `jobs` that starts at `time` or later. */
  #firstStartingAt(jobs: readonly number[], time: number): number {
    let low = 0
    let high = jobs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#timetable.starts[jobs[middle]!]! < time) low = middle + 1
      else high = middle
    }
    return low
  }
}
