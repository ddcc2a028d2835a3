// Two models answer; Tacit learns which of them to ask. The models are the SDK's own test doubles: put yours in their place.
import { generateText, wrapLanguageModel } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { tacitMiddleware } from '../../../src/adapters/ai-sdk.ts' // in your project: 'tacit-ai/ai-sdk'
import { openTacit } from '../../../src/index.ts' // in your project: 'tacit-ai'

const model = (text: string, unified: 'stop' | 'content-filter') =>
  new MockLanguageModelV4({
    doGenerate: async () => ({
      content: [{ type: 'text', text }],
      finishReason: { unified, raw: unified },
      usage: {
        inputTokens: { total: 9, noCache: 9, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 3, text: 3, reasoning: 0 },
      },
      warnings: [],
    }),
  })

const tacit = await openTacit({ db: ':memory:', seed: 'example' })
const models = { small: model('', 'content-filter'), large: model('An answer.', 'stop') }
const routed = wrapLanguageModel({ model: models.small, middleware: tacitMiddleware(tacit, { models }) })
for (let i = 1; i <= 20; i++) await generateText({ model: routed, prompt: `Question ${i}` })

for (const { arm, probability } of (await tacit.recommend({ task: 'Question 21' })).arms)
  console.log(arm, probability.toFixed(2))
await tacit.close()
