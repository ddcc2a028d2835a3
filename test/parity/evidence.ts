/** How far a feature of `features.ts` is. A feature without an entry is open. */
export type Evidence =
  /** Every part of the feature is there, and these tests show it: 'engine/loop.test.ts > name of the test'. */
  | { readonly state: 'done'; readonly tests: readonly string[] }
  /** Not there, or not whole; `missing` says what is lacking, `tests` show the part that is there. */
  | { readonly state: 'open'; readonly missing: string; readonly tests?: readonly string[] }
  /** Will not be built. */
  | { readonly state: 'dropped'; readonly reason: string }

export const evidence: Readonly<Record<string, Evidence>> = {}
