import { z } from 'zod'
import { clamp, count, defineScorer, fraction, meanOf } from './scorer.ts'

/** Scores that agentic-qe gave to reusable patterns: how well they fit, how good their text is, how sure it was. */

const hybridMatch = defineScorer({
  id: 'hybrid_match',
  formula:
    '.6 · cosine + .4 · rule; rule = .35 · framework + .25 · language + .30 · keywords + .10 · confidence. Kept above .3 and from quality .7 on; applicability = match · success rate · quality',
  source: 'agentic-qe 1.4, QEReasoningBank',
  warning:
    'Adds a cosine to a sum of weights on another scale; a new pattern has success rate 0, so applicability 0, and is never used.',
  input: z.strictObject({
    cosine: z.number().min(-1).max(1),
    framework: fraction,
    language: fraction,
    keywords: fraction,
    confidence: fraction,
    successRate: fraction,
    quality: fraction,
  }),
  example: {
    input: { cosine: 0.8, framework: 1, language: 1, keywords: 0.5, confidence: 0.6, successRate: 0.5, quality: 0.8 },
    score: 0.804,
  },
  score: ({ cosine, framework, language, keywords, confidence, successRate, quality }) => {
    const rule = 0.35 * framework + 0.25 * language + 0.3 * keywords + 0.1 * confidence
    const score = 0.6 * cosine + 0.4 * rule
    return {
      score,
      details: { rule, isKept: score > 0.3 && quality >= 0.7, applicability: score * successRate * quality },
    }
  },
})

const patternSimilarity = defineScorer({
  id: 'pattern_similarity',
  formula: '.25 · same framework + .20 · same language + .20 · same category + .35 · Jaccard of the tags',
  source: 'agentic-qe 1.4, QEReasoningBank',
  warning: 'Two patterns of one framework, language and category are .65 alike whatever they say.',
  input: z.strictObject({
    sameFramework: z.boolean(),
    sameLanguage: z.boolean(),
    sameCategory: z.boolean(),
    sharedTags: count,
    allTags: count,
  }),
  example: {
    input: { sameFramework: true, sameLanguage: true, sameCategory: true, sharedTags: 0, allTags: 4 },
    score: 0.65,
  },
  score: ({ sameFramework, sameLanguage, sameCategory, sharedTags, allTags }) => {
    const jaccard = allTags === 0 ? 0 : Math.min(1, sharedTags / allTags)
    const same = (is: boolean, weight: number) => (is ? weight : 0)
    const facets = same(sameFramework, 0.25) + same(sameLanguage, 0.2) + same(sameCategory, 0.2)
    return { score: facets + 0.35 * jaccard, details: { jaccard } }
  },
})

const patternQuality = defineScorer({
  id: 'pattern_quality',
  formula:
    'mean of readability, completeness, specificity, reusability and success rate (.5 if unknown); each from counts of the text, see docs/compatibility.md',
  source: 'agentic-qe 1.4, PatternQualityScorer',
  warning:
    'Judges the form of a text; an unused pattern gets the same .5 for success as one that worked half the time.',
  input: z.strictObject({
    averageLineLength: z.number().nonnegative(),
    nesting: count,
    commentRatio: fraction,
    hasDescriptiveNames: z.boolean(),
    hasAssertions: z.boolean(),
    hasSetup: z.boolean(),
    hasErrorHandling: z.boolean(),
    descriptionLength: count,
    hasTags: z.boolean(),
    hasTemplate: z.boolean(),
    domainTerms: count,
    hasUseCaseWords: z.boolean(),
    isGeneric: z.boolean(),
    hasParameters: z.boolean(),
    isModular: z.boolean(),
    uses: count,
    successRate: fraction.nullable(),
  }),
  example: {
    input: {
      averageLineLength: 90,
      nesting: 4,
      commentRatio: 0.2,
      hasDescriptiveNames: true,
      hasAssertions: true,
      hasSetup: true,
      hasErrorHandling: false,
      descriptionLength: 40,
      hasTags: true,
      hasTemplate: false,
      domainTerms: 2,
      hasUseCaseWords: true,
      isGeneric: false,
      hasParameters: true,
      isModular: true,
      uses: 6,
      successRate: null,
    },
    score: 0.76,
  },
  score: pattern => {
    const parts = {
      readability: readabilityOf(pattern),
      completeness:
        given(pattern.hasAssertions, 0.3) +
        given(pattern.hasSetup, 0.2) +
        given(pattern.hasErrorHandling, 0.2) +
        given(pattern.descriptionLength > 20, 0.15) +
        given(pattern.hasTags, 0.1) +
        given(pattern.hasTemplate, 0.05),
      specificity: clamp(
        0.5 +
          Math.min(0.3, 0.1 * pattern.domainTerms) +
          given(pattern.hasUseCaseWords, 0.1) +
          given(!pattern.isGeneric, 0.1),
        0,
        1,
      ),
      reusability:
        given(pattern.hasParameters, 0.3) +
        given(pattern.isModular, 0.2) +
        (pattern.uses > 10 ? 0.3 : pattern.uses > 5 ? 0.2 : pattern.uses > 0 ? 0.1 : 0) +
        given(pattern.hasTemplate, 0.2),
      success: pattern.successRate ?? 0.5,
    }
    return { score: meanOf(Object.values(parts)), details: parts }
  },
})

const usedPatternQuality = defineScorer({
  id: 'used_pattern_quality',
  formula:
    '.3 · confidence + .2 · min(uses / 100, 1) + .5 · success rate; promoted from 3 successful uses, success .7 and confidence .6 on',
  source: 'agentic-qe 3, pattern store',
  warning: 'Being used raises it by up to .2, whether or not it helped.',
  input: z.strictObject({ confidence: fraction, uses: count, successfulUses: count, successRate: fraction }),
  example: { input: { confidence: 0.7, uses: 50, successfulUses: 40, successRate: 0.8 }, score: 0.71 },
  score: ({ confidence, uses, successfulUses, successRate }) => ({
    score: 0.3 * confidence + 0.2 * Math.min(uses / 100, 1) + 0.5 * successRate,
    details: { isPromoted: successfulUses >= 3 && successRate >= 0.7 && confidence >= 0.6 },
  }),
})

const learnedPatternConfidence = defineScorer({
  id: 'learned_pattern_confidence',
  formula: 'min(.95, .5 + .01 · uses)',
  source: 'agentic-qe 1.4, LearningEngine',
  warning: 'Rises with every use, failures included.',
  input: z.strictObject({ uses: count }),
  example: { input: { uses: 20 }, score: 0.7 },
  score: ({ uses }) => ({ score: Math.min(0.95, 0.5 + 0.01 * uses), details: {} }),
  fromGroup: ({ executions }) => ({ uses: executions.length }),
})

const failurePatternConfidence = defineScorer({
  id: 'failure_pattern_confidence',
  formula: 'min(.95, failures / experiences)',
  source: 'agentic-qe 1.4, LearningEngine',
  warning:
    'A frequency, called confidence: it falls while the failure keeps happening, if other tasks come more often.',
  input: z.strictObject({ failures: count, experiences: z.int().positive() }),
  example: { input: { failures: 8, experiences: 40 }, score: 0.2 },
  score: ({ failures, experiences }) => ({ score: Math.min(0.95, failures / experiences), details: {} }),
  fromGroup: ({ executions }) => ({
    failures: executions.filter(({ success }) => success === false).length,
    experiences: executions.length,
  }),
})

export const agenticQePatternScorers = [
  hybridMatch,
  patternSimilarity,
  patternQuality,
  usedPatternQuality,
  learnedPatternConfidence,
  failurePatternConfidence,
]

function readabilityOf(text: {
  averageLineLength: number
  nesting: number
  commentRatio: number
  hasDescriptiveNames: boolean
}): number {
  const longLines = text.averageLineLength > 100 ? 0.2 : given(text.averageLineLength > 80, 0.1)
  const deep = text.nesting > 4 ? 0.3 : given(text.nesting > 3, 0.15)
  const commented = given(text.commentRatio >= 0.1 && text.commentRatio <= 0.4, 0.1)
  return clamp(1 - longLines - deep + commented + given(text.hasDescriptiveNames, 0.1), 0, 1)
}

const given = (is: boolean, points: number) => (is ? points : 0)
