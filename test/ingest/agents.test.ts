import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TacitError } from '../../src/errors.ts'
import { readAgentDefinition } from '../../src/ingest/agents/definition.ts'
import { integer, seedRng } from '../../src/math/rng.ts'
import { tacit, temporaryDirectory } from '../cli/run.ts'
import { openEngine } from '../engine/engine.ts'
import { hostileValue, pick } from '../helpers/hostile.ts'

const reviewer = `---
name: code-reviewer
description: >
  Reviews changes.
  Use it after every change.
tools: Read, Grep
model: sonnet
---

You are a reviewer.
`

describe('the definition of an agent', () => {
  test('gives its name, when to use it, its model and its group', () => {
    expect(readAgentDefinition(reviewer, 'file', 'quality')).toEqual({
      name: 'code-reviewer',
      description: 'Reviews changes. Use it after every change.',
      facets: { agent: 'code-reviewer', model: 'sonnet', pool: 'quality' },
    })
  })

  test('is named for its file, and has no model or group, where it does not say', () => {
    expect(readAgentDefinition('---\nmodel: inherit\n---\nText', 'helper', null)).toEqual({
      name: 'helper',
      description: null,
      facets: { agent: 'helper' },
    })
  })

  test('names its group itself, if it likes', () => {
    const text = '---\nname: a\nmetadata:\n  category: SECURITY\n---\n'
    expect(readAgentDefinition(text, 'a', 'folder').facets.pool).toBe('SECURITY')
  })

  test.each([
    ['without front matter', 'Just text', 'There is no front matter'],
    ['with broken YAML', '---\nname: [a\n---\n', 'The front matter is not YAML'],
    ['that is a list', '---\n- a\n---\n', 'not a list of fields'],
    ['whose model is a list', '---\nmodel: [a, b]\n---\n', 'The field model must be a text'],
  ])('%s is refused with the reason', (_what, text, message) => {
    expect(() => readAgentDefinition(text, 'x', null)).toThrow(message)
  })

  test('2,000 hostile ones give a definition or a typed error', () => {
    const rng = seedRng('agents-fuzz')
    const fields = ['name', 'description', 'model', 'category', 'metadata', 'tools', '<<', '&a', '*a']
    for (let i = 0; i < 2000; i++) {
      const lines = Array.from({ length: integer(rng, 6) }, () => {
        const value = pick(rng, [JSON.stringify(hostileValue(rng)), String(i), '*a', '&a [*a]', '!!js/function x', '|'])
        return `${pick(rng, fields)}: ${value}`
      })
      const text = `${pick(rng, ['---\n', '', '--- \r\n'])}${lines.join('\n')}\n---\n`
      try {
        const { name } = readAgentDefinition(text, 'file', null)
        expect(name.length).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(TacitError)
      }
    }
  })
})

describe('a registered agent', () => {
  const arms = {
    known: { facets: { agent: 'known', model: 'opus' } },
    relative: { facets: { agent: 'relative', model: 'opus' } },
    stranger: { facets: { agent: 'stranger', model: 'haiku' } },
  }

  test('can be chosen before it was ever seen, and is on record with its facets', async () => {
    const { tacit } = await openEngine({ arms })
    const choice = await tacit.decide({ task: 'Review it' })
    expect(Object.keys(choice.distribution).sort()).toEqual(['known', 'relative', 'stranger'])
    const facts = await Array.fromAsync(tacit.exportFacts())
    expect(facts[0]!.body).toMatchObject({ arms: expect.arrayContaining([{ id: 'known', facets: arms.known.facets }]) })
  })

  test('starts from what agents that share its model achieved', async () => {
    const { tacit } = await openEngine({ arms })
    const others = Array.from({ length: 12 }, (_, i) => `opus-${i}`)
    for (let i = 0; i < 240; i++) {
      const model = i % 2 === 0 ? 'opus' : 'haiku'
      const arm = { id: `${model}-${(i >> 1) % others.length}`, facets: { agent: `${model}-${i % 24}`, model } }
      await tacit.record({ task: `Task ${i}`, arm, success: model === 'opus' })
    }
    const { arms: ranked } = await tacit.recommend({ task: 'Another', arms: ['relative', 'stranger'] })
    expect(ranked.map(({ arm }) => arm)).toEqual(['relative', 'stranger'])
    expect(ranked[0]!.utility.value! - ranked[1]!.utility.value!).toBeGreaterThan(0.2)
  })
})

describe('tacit agents', () => {
  test('shows what would be registered, writes it with --yes, and keeps everything else in the file', async () => {
    const cwd = temporaryDirectory()
    mkdirSync(join(cwd, '.claude/agents/security'), { recursive: true })
    writeFileSync(join(cwd, '.claude/agents/code-reviewer.md'), reviewer)
    writeFileSync(join(cwd, '.claude/agents/security/auditor.md'), '---\nname: auditor\n---\n')
    writeFileSync(join(cwd, '.claude/agents/notes.md'), 'no definition')
    const file = join(cwd, 'tacit.config.json')
    writeFileSync(file, JSON.stringify({ stage: 'shadow', arms: { 'code-reviewer': { maxProbability: 0.5 } } }))
    const before = readFileSync(file, 'utf8')

    const shown = await tacit(['agents', 'import', '--json'], { cwd })
    expect(shown.code).toBe(0)
    expect(JSON.parse(shown.stdout)).toMatchObject({
      written: false,
      changes: [
        { name: 'code-reviewer', change: 'changed' },
        { name: 'auditor', change: 'new' },
      ],
      problems: [],
      skipped: [expect.stringContaining('notes.md')],
    })
    expect(readFileSync(file, 'utf8')).toBe(before)

    const written = await tacit(['agents', 'import', '--yes'], { cwd })
    expect(written).toMatchObject({ code: 0, stdout: expect.stringContaining('1 file without front matter skipped') })
    const { stage, arms } = JSON.parse(readFileSync(file, 'utf8'))
    expect(stage).toBe('shadow')
    expect(arms['code-reviewer']).toMatchObject({ maxProbability: 0.5, facets: { model: 'sonnet' } })
    expect(arms.auditor.facets).toEqual({ agent: 'auditor', pool: 'security' })

    const { agents } = JSON.parse((await tacit(['agents', 'list', '--json'], { cwd })).stdout)
    expect(agents.map(({ name }: { name: string }) => name)).toEqual(['code-reviewer', 'auditor'])
    const again = await tacit(['agents', 'import', '--json'], { cwd })
    expect(JSON.parse(again.stdout).changes.map(({ change }: { change: string }) => change)).toEqual(['same', 'same'])
  })

  test('fails where a definition is broken, where there is none, and where the file that was named is none', async () => {
    const cwd = temporaryDirectory()
    mkdirSync(join(cwd, 'agents'))
    writeFileSync(join(cwd, 'agents/notes.md'), 'no definition')
    const none = await tacit(['agents', 'import', 'agents'], { cwd })
    expect(none).toMatchObject({ code: 1, stdout: expect.stringContaining('0 agents in agents, 1 file') })
    const named = await tacit(['agents', 'import', 'agents/notes.md'], { cwd })
    expect(named).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no front matter') })
    writeFileSync(join(cwd, 'agents/code-reviewer.md'), reviewer)
    writeFileSync(join(cwd, 'agents/broken.md'), '---\nname: half a definition\n')
    const broken = await tacit(['agents', 'import', 'agents', '--json'], { cwd })
    expect(broken.code).toBe(1)
    expect(JSON.parse(broken.stdout)).toMatchObject({
      agents: [{ name: 'code-reviewer' }],
      problems: [{ file: expect.stringContaining('broken.md') }],
      skipped: [expect.stringContaining('notes.md')],
    })
  })
})
