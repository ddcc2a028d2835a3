import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

/** Runs an example as a user would, outside of the test runner (which switches tracing off in some frameworks). */
async function run(name: string): Promise<string> {
  const { NODE_ENV: _, ...env } = process.env
  const file = join(import.meta.dirname, 'examples', `${name}.ts`)
  return (await promisify(execFile)(process.execPath, [file], { env })).stdout
}

describe('the examples for frameworks', () => {
  test.each([
    ['ai-sdk', /^large (1\.00|0\.9\d)\nsmall 0\.\d\d\n$/],
    ['langchain', /^thorough (1\.00|0\.9\d)\ndirect 0\.\d\d\n$/],
    ['openai-agents', /^1 execution, 1 with an outcome\n$/],
  ])('%s runs and shows what it promises', async (name, shown) => expect(await run(name)).toMatch(shown))
})
