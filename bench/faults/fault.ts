import type { Rng } from '../../src/math/rng.ts'
import type { Outcome } from './load.ts'
import type { Site, StoreName } from './site.ts'

/** One kind of trouble and how it is made; a store that cannot meet it is not among `on`. */
export interface Fault {
  readonly name: string
  readonly on: readonly StoreName[]
  /** Why it cannot be made on this machine, or null. */
  readonly obstacle?: () => string | null
  /** Makes it once. Throws if a writer could not go on, or if replay does not agree. */
  readonly make: (site: Site, rng: Rng) => Promise<Outcome>
}
