import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compatScorers } from '../../src/analyse/compat/registry.ts'
import { compatRewardFormulas } from '../../src/analyse/compat/rewards.ts'
import { learningModes } from '../../src/modes.ts'

describe('docs/compatibility.md', () => {
  const lines = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8').split('\n')
  const row = (id: string) => lines.filter(line => line.startsWith(`| \`${id}\` |`))

  it.each(compatScorers.map(one => [one.id, one] as const))('says of the score %s what the code says', (id, one) => {
    expect(row(id)).toHaveLength(1)
    for (const text of [one.formula, one.source, one.warning]) expect(row(id)[0]).toContain(text.replaceAll('|', '\\|'))
    expect(row(id)[0]).toMatch(one.readsLog ? /\| executions \|$/ : /\| a record \|$/)
  })

  it.each(compatRewardFormulas.map(one => [one.id, one] as const))(
    'says of the reward %s what the code says',
    (id, one) => {
      expect(row(id)).toHaveLength(1)
      for (const text of [String(one.version), one.formula, one.warning!]) expect(row(id)[0]).toContain(text)
    },
  )

  it.each(Object.entries(learningModes))('says of the mode %s what it sets', (name, { sets, meaning }) => {
    expect(row(name)).toHaveLength(1)
    expect(row(name)[0]).toContain(meaning)
    for (const [key, value] of Object.entries(sets))
      expect(row(name)[0]).toContain(`\`${key}\` = ${JSON.stringify(value)}`)
  })
})
