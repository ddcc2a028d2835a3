/**
 * Names that earlier systems gave to ways of learning, and the options that each one sets. They are shorthands: an option
 * that is set by itself wins over its mode, and `adaptive`, the default, sets nothing. docs/compatibility.md has the table.
 */
export const learningModes = {
  adaptive: { meaning: 'The default: explores as much as the evidence asks for', sets: {} },
  exploration: {
    meaning: 'Tries more than is needed, to learn faster',
    sets: { 'learning.minProbability': 0.4, 'learning.optimism': 1.5 },
  },
  exploitation: {
    meaning: 'Takes the best estimate, with the last hundredth left to chance',
    sets: { 'learning.minProbability': 0.01, 'learning.optimism': 0 },
  },
  balanced: { meaning: 'A fifth of the choices spread evenly', sets: { 'learning.minProbability': 0.2 } },
  conservative: {
    meaning: 'Takes the arm whose worth is best assured (lower bounds)',
    sets: { 'learning.optimism': -1 },
  },
  aggressive: { meaning: 'Goes for what might be best (twice the optimism)', sets: { 'learning.optimism': 2 } },
  reinforcement: { meaning: 'As adaptive, which learns from each reward already', sets: {} },
  transfer: { meaning: 'As adaptive, which shares evidence between task types already', sets: {} },
  observe: { meaning: 'Only records', sets: { stage: 'observe' } },
  'low-confidence': {
    meaning: 'Acts on a tenth of the choices, and only on what is well assured',
    sets: { stage: 'canary', canaryShare: 0.1, 'learning.optimism': -1 },
  },
  'raised-threshold': { meaning: 'Acts on half of the choices', sets: { stage: 'canary', canaryShare: 0.5 } },
  full: { meaning: 'Acts on every choice', sets: { stage: 'auto' } },
} as const satisfies Record<string, { meaning: string; sets: Readonly<Record<string, unknown>> }>
export type LearningMode = keyof typeof learningModes
