import type { OperationName } from '../../engine/operation-summaries.ts'

/** Where an operation is reached: policy evaluate → /v1/policy/evaluate. */
export const pathOf = (name: OperationName) => `/v1/${name.replaceAll(' ', '/')}`
