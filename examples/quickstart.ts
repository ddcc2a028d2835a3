import { openTacit } from '../src/index.ts'

const tacit = await openTacit({ db: ':memory:', seed: 'readme' })
const job = { taskType: 'database', arms: ['architect', 'optimizer', 'security'] }
for (let night = 1; night <= 40; night++) {
  const choice = await tacit.decide({ ...job, task: `Speed up report ${night}`, decisionId: `night-${night}` })
  await tacit.observe(choice.decisionId, { success: choice.arm === 'optimizer' }) // in between, your agent does the task
}
const { arms } = await tacit.recommend({ ...job, task: 'Speed up the invoice report' })
for (const { arm, probability, utility } of arms) console.log(arm, probability.toFixed(3), utility.value?.toFixed(2))
await tacit.close()
