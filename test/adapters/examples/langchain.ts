// Two chains can do a task; Tacit learns which of them to take, and keeps the steps of every run. The model is LangChain's own
// test double: put yours in its place.
import { RunnableLambda } from '@langchain/core/runnables'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { tacitCallbacks } from '../../../src/adapters/langchain.ts' // in your project: 'tacit-ai/langchain'
import { openTacit } from '../../../src/index.ts' // in your project: 'tacit-ai'

const model = new FakeListChatModel({ responses: ['An answer.'] })
const chains = {
  direct: RunnableLambda.from(async () => ''),
  thorough: RunnableLambda.from(async (question: string) => (await model.invoke(question)).text),
}

const tacit = await openTacit({ db: ':memory:', seed: 'example' })
const callbacks = tacitCallbacks(tacit)
for (let i = 1; i <= 20; i++) {
  const question = `Question ${i}`
  const job = await tacit.hooks.preTask({ task: question, arms: Object.keys(chains) })
  try {
    const chain = chains[job.arm as keyof typeof chains]
    const answer = await chain.invoke(question, { callbacks: [callbacks], metadata: { tacit: job } })
    await tacit.hooks.postTask(job, { success: answer !== '' })
  } catch (error) {
    await tacit.hooks.taskError(job, error)
    throw error
  }
}
await callbacks.flush()

for (const { arm, probability } of (await tacit.recommend({ task: 'Question 21' })).arms)
  console.log(arm, probability.toFixed(2))
await tacit.close()
