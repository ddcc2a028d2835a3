import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type OperationName, operationSummaries } from '../../src/engine/operation-summaries.ts'
import { type Operation, operations } from '../../src/engine/operations.ts'
import { operationExamples, shapes } from '../../src/serve/cli/commands/operation.ts'
import { flagsOf } from '../../src/serve/cli/flags.ts'
import { splitWords, tacit, temporaryDirectory } from './run.ts'

const task = 'Speed up the nightly sales report'
const json = (text: string) => JSON.parse(text)

describe('the loop on the command line', () => {
  it('decides with an exact probability, takes the outcome in, and learns from it', async () => {
    const cwd = temporaryDirectory()
    const decide = ['decide', task, '--type', 'database', '--arms', 'optimizer,architect', '--id', 'd1', '--json']
    const first = await tacit(decide, { cwd })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    const choice = json(first.stdout)
    expect(choice).toMatchObject({ decisionId: 'd1', stage: 'auto' })
    expect(choice.distribution[choice.arm]).toBe(choice.propensity)
    expect(Object.values<number>(choice.distribution).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)

    expect(json((await tacit(decide, { cwd })).stdout)).toEqual(choice)

    const observe = [
      'observe',
      'd1',
      '--success',
      '--duration-ms',
      '1250',
      '--cost-usd',
      '0.004',
      '--id',
      'o1',
      '--json',
    ]
    expect(json((await tacit(observe, { cwd })).stdout)).toEqual({ id: 'o1', executionId: 'd1', status: 'stored' })
    expect(json((await tacit(observe, { cwd })).stdout).status).toBe('duplicate')

    const [predictions, metrics, status] = await Promise.all(
      [
        ['predict', task, '--type', 'database', '--json'],
        ['metrics', '--group-by', 'arm,taskType', '--json'],
        ['status', '--json'],
      ].map(async args => json((await tacit(args, { cwd })).stdout)),
    )
    const learned = predictions.find(({ arm }: { arm: string }) => arm === choice.arm)
    expect(learned.pSuccess.value).toBeGreaterThan(0.5)
    expect(learned.evidence.observations.taskType).toBeCloseTo(1, 3)
    expect(metrics.groups).toHaveLength(1)
    expect(metrics.groups[0]).toMatchObject({
      group: { arm: choice.arm, taskType: 'database' },
      executions: 1,
      successRate: { value: 1, n: 1 },
      costUsd: { total: 0.004 },
    })
    expect(status).toMatchObject({ executions: 1, withOutcome: 1, inFlight: 0, facts: { decision: 1, outcome: 1 } })
  })

  it('takes a whole input from an argument, a file or standard input, and lays flags over it', async () => {
    const cwd = temporaryDirectory()
    const input = { task, taskType: 'database', arms: ['a'], decisionId: 'd1' }
    writeFileSync(join(cwd, 'input.json'), JSON.stringify(input))
    const asked = ['--json', '--input']
    const [argument, file, stdin, changed] = [
      await tacit(['decide', ...asked, JSON.stringify(input)], { cwd }),
      await tacit(['decide', ...asked, '@input.json'], { cwd }),
      await tacit(['decide', ...asked, '-'], { cwd, stdin: JSON.stringify(input) }),
      await tacit(['decide', ...asked, '@input.json', '--id', 'd2', '--arms', 'b'], { cwd }),
    ]
    expect(json(argument.stdout)).toMatchObject({ decisionId: 'd1', arm: 'a' })
    expect(file).toEqual(argument)
    expect(stdin).toEqual(argument)
    expect(json(changed.stdout)).toMatchObject({ decisionId: 'd2', arm: 'b' })
  })

  it('runs every example that its help shows', async () => {
    const cwd = temporaryDirectory()
    const setUp = ['decide', task, '--type', 'database', '--arms', 'optimizer,architect', '--id']
    for (const id of ['ticket-4711', 'ticket-4712']) expect((await tacit([...setUp, id], { cwd })).code).toBe(0)
    const names = (Object.keys(operationSummaries) as OperationName[]).filter(name => name !== 'record')
    for (const name of names) {
      const operation: Operation = operations[name]
      for (const { line } of operationExamples(operation, flagsOf(operation.input, shapes[name]), shapes[name])) {
        // The help uses one id for one ticket; here that ticket has been decided on with two arms already.
        const words = splitWords(line)
          .slice(1)
          .filter(word => word !== 'ticket-4711' || name !== 'decide')
        const finished = await tacit(name === 'decide' ? words.filter(word => word !== '--id') : words, { cwd })
        expect(finished, line).toMatchObject({ code: 0, stderr: '' })
        expect(finished.stdout, line).not.toBe('')
      }
    }
  })
})

describe('--json', () => {
  it.each([
    ['decide', ['decide', task, '--arms', 'a,b']],
    ['observe', ['observe', 'e1', '--failure', '--error-type', 'timeout']],
    ['step', ['step', 'e1', '--name', 'look']],
    ['feedback', ['feedback', 'e1', 'true']],
    ['recommend', ['recommend', task]],
    ['predict', ['predict', task]],
    ['similar', ['similar', task]],
    ['metrics', ['metrics']],
    ['status', ['status']],
    ['replay', ['replay', '--verify']],
    ['config', ['config']],
    ['init', ['init']],
  ])('of %s is one JSON value on standard output, and the only thing there', async (_, args) => {
    const cwd = temporaryDirectory()
    const execution = JSON.stringify({ task, arm: 'a', success: true, executionId: 'e1' })
    await tacit(['record', '--input', execution], { cwd })
    const finished = await tacit([...args, '--json'], { cwd })
    expect(finished).toMatchObject({ code: 0 })
    const { stdout } = finished
    expect(stdout.trimEnd()).not.toContain('\n')
    expect(json(stdout)).not.toBeNull()
  })

  it('of an error is one JSON value on standard error', async () => {
    const { code, stdout, stderr } = await tacit(['status', '--json'], { cwd: temporaryDirectory() })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(json(stderr).error).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('tacit init') })
  })
})

describe('questions', () => {
  it.each([['status'], ['metrics'], ['similar', task], ['recommend', task], ['predict', task], ['replay'], ['export']])(
    'about a database that is not there are refused, and none is made: %s',
    async (...args) => {
      const cwd = temporaryDirectory()
      expect(await tacit([...args, '--db', 'none.db'], { cwd })).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^error NOT_FOUND: There is no database at none\.db\./),
      })
      expect(existsSync(join(cwd, 'none.db'))).toBe(false)
    },
  )

  it('without any arm to choose from say how to get some', async () => {
    const cwd = temporaryDirectory()
    const { code, stderr } = await tacit(['decide', task], { cwd })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error NO_ARMS: /)
  })

  it('leave another scope alone', async () => {
    const cwd = temporaryDirectory()
    await tacit(['decide', task, '--arms', 'a', '--scope', 'one'], { cwd })
    expect(json((await tacit(['status', '--json', '--scope', 'one'], { cwd })).stdout).executions).toBe(1)
    expect(json((await tacit(['status', '--json', '--scope', 'two'], { cwd })).stdout).executions).toBe(0)
  })
})

describe('init', () => {
  it('creates the database, says how to go on beside the result, and keeps what is there', async () => {
    const cwd = temporaryDirectory()
    const first = await tacit(['init', '--db', 'a.db'], { cwd })
    expect(first).toMatchObject({ code: 0, stdout: 'Created a.db.\n' })
    expect(first.stderr).toContain('tacit decide')
    await tacit(['decide', task, '--arms', 'a', '--db', 'a.db'], { cwd })
    const again = await tacit(['init', '--db', 'a.db'], { cwd })
    expect(again).toMatchObject({ code: 0, stdout: 'a.db is there already, with 1 execution.\n' })
  })

  it('writes a valid configuration file if asked, and never over another one', async () => {
    const cwd = temporaryDirectory()
    const file = join(cwd, 'tacit.config.json')
    expect((await tacit(['init', '--with-config', '--db', 'mine.db'], { cwd })).code).toBe(0)
    expect(json(readFileSync(file, 'utf8'))).toMatchObject({ db: 'mine.db', scope: 'default' })
    expect(json((await tacit(['status', '--json'], { cwd })).stdout).db).toContain('mine.db')
    writeFileSync(file, '{"scope":"precious"}')
    const refused = await tacit(['init', '--with-config'], { cwd })
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error ALREADY_EXISTS: /) })
    expect(readFileSync(file, 'utf8')).toBe('{"scope":"precious"}')
  })
})

describe('a file that is no database', () => {
  it('is refused and left as it was', async () => {
    const cwd = temporaryDirectory()
    const path = join(cwd, 'notes.txt')
    writeFileSync(path, 'these are my notes\n'.repeat(100))
    for (const args of [['status'], ['init'], ['decide', task, '--arms', 'a']]) {
      const { code, stdout, stderr } = await tacit([...args, '--db', 'notes.txt'], { cwd })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^error STORE_CORRUPT: /)
    }
    expect(readFileSync(path, 'utf8')).toBe('these are my notes\n'.repeat(100))
  })
})

describe('the demo', () => {
  it('leaves a database to go on with, at the path of --db alone, and never over another file', async () => {
    const cwd = temporaryDirectory()
    const env = { TACIT_DB: 'mine.db' }
    const { code, stdout, stderr } = await tacit(['demo', '--tasks', '50', '--json', '--db', 'demo.db'], { cwd, env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const result = json(stdout)
    expect(result.tasks).toBeGreaterThan(0)
    expect(existsSync(join(cwd, 'mine.db'))).toBe(false)
    const status = json((await tacit(['status', '--json', '--db', 'demo.db'], { cwd })).stdout)
    expect(status.executions).toBeGreaterThanOrEqual(result.tasks)

    writeFileSync(join(cwd, 'notes.txt'), 'precious')
    expect((await tacit(['demo', '--db', 'notes.txt'], { cwd })).code).not.toBe(0)
    expect(readFileSync(join(cwd, 'notes.txt'), 'utf8')).toBe('precious')
  })
})

describe('Tacit switched off', () => {
  it('still answers decide, writes nothing, and says so', async () => {
    const cwd = temporaryDirectory()
    const off = ['--set', 'enabled=false']
    const { code, stdout } = await tacit(['decide', task, '--arms', 'a,b', '--json', ...off], { cwd })
    expect(code).toBe(0)
    expect(json(stdout)).toMatchObject({ arm: 'a', stage: 'off' })
    const observed = await tacit(['observe', 'd1', '--success', ...off], { cwd })
    expect(observed).toMatchObject({ code: 0, stdout: 'Nothing was written: Tacit is switched off.\n' })
    expect(json((await tacit(['status', '--json'], { cwd })).stdout).facts).toMatchObject({ decision: 0, outcome: 0 })
  })
})
