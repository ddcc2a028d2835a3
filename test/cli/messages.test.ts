import { expect, it } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

it('an outcome for a decision that is not on record is kept, and the user is told to check the id', async () => {
  const cwd = temporaryDirectory()
  const early = await tacit(['observe', 'mistyped', '--success'], { cwd })
  expect(early).toMatchObject({ code: 0, stdout: expect.stringMatching(/mistyped.*[Cc]heck the id/s) })
  await tacit(['decide', 'Deploy', '--arms', 'a', '--id', 'job'], { cwd })
  const known = await tacit(['observe', 'job', '--success'], { cwd })
  expect(known.stdout).toContain('is on record')
  expect(known.stdout).not.toMatch(/check the id/i)
})

it('bad lines are told in the order of their lines, and never by their place in a batch', async () => {
  const cwd = temporaryDirectory()
  const lines = ['{"task":"a","arm":"x"}', '{"task":1}', 'not json', '{"task":"b"}', '{"task":"c","arm":"x"}']
  const { code, stderr } = await tacit(['record', '-'], { cwd, stdin: lines.join('\n') })
  expect(code).toBe(1)
  expect([...stderr.matchAll(/line (\d+):/g)].map(([, line]) => Number(line))).toEqual([2, 3, 4])
  expect(stderr).not.toMatch(/recordBatch|nothing was written/)
})

it('a choice made while Tacit is switched off says that nothing was written', async () => {
  const cwd = temporaryDirectory()
  const { stdout } = await tacit(['decide', 'Deploy', '--arms', 'a,b'], { cwd, env: { TACIT_ENABLED: '0' } })
  expect(stdout).toMatch(/switched off.*nothing was written/is)
})

it('a recommendation that is cut says how many arms rank lower', async () => {
  const cwd = temporaryDirectory()
  const history = ['a', 'b', 'c'].map(arm => JSON.stringify({ task: `Deploy ${arm}`, arm, success: true }))
  await tacit(['record', '-'], { cwd, stdin: history.join('\n') })
  expect((await tacit(['recommend', 'Deploy', '--limit', '1'], { cwd })).stdout).toContain('2 more arms ranked lower')
  expect((await tacit(['recommend', 'Deploy'], { cwd })).stdout).not.toContain('ranked lower')
})

it('work with a database in memory is followed by a warning, on standard error alone', async () => {
  const cwd = temporaryDirectory()
  const inMemory = await tacit(['decide', 'Deploy', '--arms', 'a', '--db', ':memory:', '--json'], { cwd })
  expect(inMemory).toMatchObject({ code: 0, stderr: expect.stringMatching(/in memory .*nothing of this is kept/) })
  expect(JSON.parse(inMemory.stdout).arm).toBe('a')
  expect((await tacit(['status', '--db', ':memory:'], { cwd })).stdout).toContain('in memory: nothing is kept')
  const inFile = await tacit(['decide', 'Deploy', '--arms', 'a'], { cwd })
  expect(inFile).toMatchObject({ code: 0, stderr: '' })
})
