import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { check } from '../../bench/faults/check.ts'
import { faults } from '../../bench/faults/faults.ts'
import { postgresSite, type Site, sqliteSite } from '../../bench/faults/site.ts'
import { isSound, tryFault } from '../../bench/faults/try.ts'
import { openTacit } from '../../src/index.ts'

/** Those that take longest are left to `npm run faults`. */
const quick = (name: string) => !/restart|silent|slowed/.test(name)

describe.each([
  { store: 'SQLite' as const, open: async () => sqliteSite() },
  { store: 'PostgreSQL' as const, open: () => postgresSite() },
])('on $store', ({ store, open }) => {
  let site: Site
  beforeAll(async () => {
    site = await open()
  })
  afterAll(() => site.close())

  test.for(faults.filter(({ name, on }) => quick(name) && on.includes(store)))(
    '$name: nothing acknowledged is lost or counted twice, and work goes on',
    async (fault, { skip }) => {
      const result = await tryFault(fault, site, 1, 'test')
      skip(result.skipped !== null, result.skipped ?? '')
      expect(result).toMatchObject({ lost: 0, double: 0, failures: [] })
      expect(result.acknowledged).toBeGreaterThan(0)
    },
  )

  test('the check misses a write that is not there', async () => {
    const database = await site.newDatabase()
    const tacit = await openTacit({ db: database.url })
    await tacit.record({ task: 'Count', arm: 'a', executionId: 'kept', success: true })
    await tacit.close()
    expect(await check(database.url, new Set(['kept', 'kept/outcome']))).toEqual({ lost: 0, double: 0 })
    expect(await check(database.url, new Set(['kept', 'never written']))).toEqual({ lost: 1, double: 0 })
    await database.remove()
  })
})

test('a fault after which nobody can go on is reported as a failure, not as a result', async () => {
  const make = async () => {
    throw new Error('A writer broke off.')
  }
  const result = await tryFault({ name: 'broken', on: ['SQLite'], make }, sqliteSite(), 2, 'test')
  expect(result).toMatchObject({ tries: 2, failures: ['A writer broke off.', 'A writer broke off.'] })
  expect(isSound(result)).toBe(false)
})
