/** Learned state as plain values: JSON plus typed arrays. It is what a snapshot holds, never code. */
export type State =
  | null
  | boolean
  | number
  | string
  | Float64Array
  | Float32Array
  | readonly State[]
  | { readonly [key: string]: State }

/** Reads fields of a state that this build wrote (snapshots carry a version, so the shape is known). */
export type StateRecord = Readonly<Record<string, State>>
