import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeState, encodeState } from '../../src/engine/codec.ts'
import type { StateRecord } from '../../src/learn/state.ts'
import { TaskLinks } from '../../src/learn/task-links.ts'
import { hash53 } from '../../src/math/hash.ts'
import { integer, seedRng } from '../../src/math/rng.ts'
import { openEngine, stateHash } from '../engine/engine.ts'

const identity = (text: string, taskType: string | null = null) => hash53(`${taskType ?? ''}\u0000${text}`)
const find = (links: TaskLinks, text: string, taskType: string | null = null) =>
  links.find(identity(text, taskType), taskType, text)
const meet = (links: TaskLinks, text: string, taskType: string | null = null) =>
  links.meet(identity(text, taskType), taskType, text)

/** Whether the second text is taken for the first. */
function isLinked(first: string, second: string): boolean {
  const links = new TaskLinks()
  meet(links, first)
  return find(links, second) === identity(first)
}

describe('nearly the same text is the same task:', () => {
  const sentence = 'Speed up the nightly sales report for the finance team'
  test.each([
    ['another case', 'speed up the nightly SALES report for the finance team'],
    ['more punctuation', 'Speed up the nightly sales report, for the finance team!'],
    ['other white space', '  Speed up the nightly\tsales report\n\nfor the finance team '],
    ['a filler word more', 'Please speed up the nightly sales report for the finance team'],
    ['a filler word less', 'Speed up nightly sales report for the finance team'],
    ['a letter missing', 'Speed up the nightly sales report for the finace team'],
    ['a letter too many', 'Speed up the nightly sales reportt for the finance team'],
    ['another letter', 'Speed up the nightly sales repott for the finance team'],
    ['letters that changed places', 'Speed up the nihgtly sales report for the finance team'],
    ['all of these at once', 'please SPEED up the nightly sales report -- for the finanec team.'],
  ])('%s', (_name, variant) => {
    expect(isLinked(sentence, variant)).toBe(true)
    expect(isLinked(variant, sentence)).toBe(true)
  })

  test('in other scripts too, as far as case and punctuation go', () => {
    expect(isLinked('优化夜间销售报表的查询', '优化夜间销售报表的查询。')).toBe(true)
    expect(isLinked('Исправить утечку памяти', 'исправить утечку памяти!')).toBe(true)
  })
})

describe('another task stays another task:', () => {
  test.each([
    ['Write report 17', 'Write report 18'],
    [
      'Reproduce bug report 4711 on the staging server of the shop',
      'Reproduce bug report 4712 on the staging server of the shop',
    ],
    [
      'Translate the onboarding mail of the sales team into French',
      'Translate the onboarding mail of the sales team into German',
    ],
    [
      'Translate the onboarding mail from German into French for customers',
      'Translate the onboarding mail from French into German for customers',
    ],
    [
      'Move all of the invoices of March from the archive to the shop',
      'Move all of the invoices of March from the shop to the archive',
    ],
    [
      'Write a client for the public payments interface in the language Java',
      'Write a client for the public payments interface in the language Rust',
    ],
    [
      'Review the module that can encode all messages of the parser',
      'Review the module that can decode all messages of the parser',
    ],
    [
      'Please install the monitoring agent on every server of the cluster',
      'Please uninstall the monitoring agent on every server of the cluster',
    ],
    [
      'Do restart the payment service of the shop tonight at noon',
      'Do not restart the payment service of the shop tonight at noon',
    ],
    [
      'What is the value of the expression a + b for all integers',
      'What is the value of the expression a * b for all integers',
    ],
    ['How warm will the water be at -5 degrees after an hour', 'How warm will the water be at 5 degrees after an hour'],
    [
      'Describe the function of team A in the project to the customer',
      'Describe the function of team B in the project to the customer',
    ],
    ['优化夜间销售报表的查询', '优化夜间采购报表的查询'],
    ['Fix the parser of the finance team', 'Fix the parser of the mobile team'],
    ['Fix the parsers', 'Fix the parser'],
    ['!!!', '???'],
    ['the', 'a'],
  ])('%s / %s', (first, second) => {
    expect(isLinked(first, second)).toBe(false)
    expect(isLinked(second, first)).toBe(false)
  })

  test('however long the text that the two have in common', () => {
    const preamble =
      'You are a careful engineer who answers every question of the customers in short sentences. '.repeat(30)
    expect(isLinked(`${preamble}Upgrade the website`, `${preamble}upgrade the website.`)).toBe(true)
    expect(isLinked(`${preamble}Upgrade the website`, `${preamble}Upgrade the parser`)).toBe(false)
    const beyond = preamble.repeat(2)
    expect(isLinked(`${beyond}Upgrade the website`, `${beyond}upgrade the website.`)).toBe(false)
  })

  test('under another task type', () => {
    const links = new TaskLinks()
    meet(links, 'Fix the login', 'shop')
    expect(find(links, 'fix the login!', 'shop')).toBe(identity('Fix the login', 'shop'))
    for (const other of ['office', null])
      expect(find(links, 'fix the login!', other)).toBe(identity('fix the login!', other))
  })
})

/** Sentences of unrelated words, of 2 to 24 words. */
const sentences = fc
  .array(fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'), minLength: 1, maxLength: 9 }), {
    minLength: 2,
    maxLength: 24,
  })
  .map(words => words.join(' '))
/** Any text at all, in any script. */
const anyText = fc.string({ unit: 'binary', maxLength: 60 })

test('of two texts in which two words differ, none is taken for the other, whatever the words', () => {
  let checked = 0
  fc.assert(
    fc.property(sentences, fc.uniqueArray(fc.nat(30), { minLength: 2, maxLength: 2 }), (text, places) => {
      const words = text.split(' ')
      for (const place of places) words[place % words.length] += 'x'
      const other = words.join(' ')
      // Two letters more in one word when both places are the same.
      expect(isLinked(text, other)).toBe(false)
      checked++
    }),
    { seed: 3, numRuns: 2000 },
  )
  expect(checked).toBe(2000)
})

test('texts drawn at random are never linked, in any script, and each finds itself', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.oneof(sentences, anyText), { minLength: 2, maxLength: 40 }), texts => {
      const links = new TaskLinks()
      for (const text of texts) meet(links, text)
      for (const text of texts) {
        const found = texts.find(other => identity(other) === find(links, text))!
        expect(lettersOf(found)).toEqual(lettersOf(text))
      }
    }),
    { seed: 4, numRuns: 300 },
  )
})

/** Letters and digits without case, fillers and separators: what random texts may have in common by chance. */
const lettersOf = (text: string) =>
  (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  ).filter(word => !/^(a|an|the|now)$/.test(word))

describe('the index', () => {
  const restored = (links: TaskLinks) => new TaskLinks(decodeState(encodeState(links.toState())) as StateRecord)
  const places = ['archive', 'browser', 'cluster', 'decoder', 'gateway', 'invoice', 'network', 'website']
  const textOf = (i: number) => `Check the ${places[i % 8]} and the ${places[(i >> 3) % 8]} of customer ${i} once more`

  test('survives a snapshot: the same answers, and the same bytes after more texts', () => {
    const links = new TaskLinks()
    for (let i = 0; i < 50; i++) meet(links, textOf(i), i % 2 === 0 ? 'even' : null)
    meet(links, textOf(3))
    const copy = restored(links)
    expect(find(copy, textOf(7).toUpperCase())).toBe(identity(textOf(7)))
    for (const other of [links, copy]) for (let i = 30; i < 80; i++) meet(other, `Please ${textOf(i)}.`)
    expect(encodeState(copy.toState())).toEqual(encodeState(links.toState()))
  })

  test('answers without changing', () => {
    const links = new TaskLinks()
    meet(links, textOf(1))
    const before = encodeState(links.toState())
    for (let i = 0; i < 20; i++) find(links, textOf(i))
    expect(encodeState(links.toState())).toEqual(before)
  })

  test('keeps the link of a text when another text comes that is as near', () => {
    const [first, variant, later] = ['finance', 'finanxe', 'finanze'].map(
      word => `Speed up nightly sales report for ${word} team`,
    ) as [string, string, string]
    const links = new TaskLinks()
    meet(links, first)
    meet(links, variant)
    meet(links, later)
    for (const text of [variant, later]) expect(find(links, text)).toBe(identity(first))
  })

  test('forgets the text that was not met for the longest time when there are more than 20,000', () => {
    const links = new TaskLinks()
    for (let i = 0; i < 20_000; i++) meet(links, textOf(i))
    // Met again, though in other words, the oldest one stays.
    meet(links, `please ${textOf(0)}`)
    meet(links, textOf(20_000))
    const isKnown = (i: number) => find(links, textOf(i).toUpperCase()) === identity(textOf(i))
    expect([0, 1, 2, 19_999, 20_000].map(isKnown)).toEqual([true, false, true, true, true])
    expect((links.toState().representatives as Float64Array).length).toBe(20_000 * 8)
  })
})

describe('from code,', () => {
  const arms = ['a', 'b', 'c', 'd', 'e']
  const things = ['archive', 'browser', 'cluster', 'decoder', 'gateway', 'invoice', 'network', 'website']
  const taskOf = (i: number) =>
    `Repair the ${things[i % 8]} of the ${things[(i * 3 + 1) % 8]} that the ${things[(i >> 3) % 8]} team uses ${i}`
  const variants = [
    (text: string) => text,
    (text: string) => text.toUpperCase(),
    (text: string) => `Please ${text.replace('Repair', 'repair')}!`,
    (text: string) => text.replace('Repair', 'Repiar'),
    (text: string) => text.replaceAll(' ', '  '),
  ]

  /** A world in which each of 30 tasks has an arm of its own (.9 against .2): the arms chosen, the second half's mean. */
  async function play(seed: string, wordsOf: (task: number, draw: number) => string, rounds = 600) {
    const opened = await openEngine({ seed })
    const rng = seedRng(`${seed}/world`)
    const best = Array.from({ length: 30 }, () => arms[integer(rng, arms.length)]!)
    const chosen: string[] = []
    let solved = 0
    for (let round = 0; round < rounds; round++) {
      const task = integer(rng, 30)
      const text = wordsOf(task, integer(rng, variants.length))
      const decisionId = `${seed}-${round}`
      const { arm } = await opened.tacit.decide({ task: text, taskType: 'repair', arms, decisionId })
      const success = rng() < (arm === best[task] ? 0.9 : 0.2)
      await opened.tacit.observe(decisionId, { success })
      chosen.push(arm)
      if (round >= rounds / 2) solved += Number(success)
    }
    return { opened, chosen, mean: solved / (rounds / 2) }
  }
  const varied = (task: number, draw: number) => variants[draw]!(taskOf(task))

  test('tasks that recur in slightly other words are chosen for like tasks that recur word for word', async () => {
    let gain = 0
    for (const seed of ['one', 'two', 'three']) {
      const inOtherWords = await play(seed, varied)
      expect(inOtherWords.chosen).toEqual((await play(seed, taskOf)).chosen)
      let visit = 0
      const asNewTasks = await play(seed, task => `${taskOf(task)} ${visit++}`)
      gain += (inOtherWords.mean - asNewTasks.mean) / 3
    }
    expect(gain).toBeGreaterThan(0.15)
  }, 60_000)

  test('a task met before is recognised, and replay gives the same bytes', async () => {
    const { opened } = await play('replay', varied, 60)
    const { verified } = await opened.tacit.replay({ verify: true })
    expect(verified).toBe(true)
    await opened.tacit.record({ task: 'Describe the harbour of Hamburg', taskType: 'text', arm: 'a', success: true })
    const before = await stateHash(opened)
    const seenOnTask = async (task: string) => {
      const [forecast] = await opened.tacit.predict({ task, taskType: 'text', arms: ['a'] })
      return forecast!.evidence.observations.task
    }
    expect(await seenOnTask('describe harbour of Hamburg.')).toBe(1)
    expect(await seenOnTask('Describe the harbour of Bremen')).toBe(0)
    expect(await stateHash(opened)).toBe(before)
  })
})
