import { describe, expect, it } from 'vitest'
import { help, parseOptions } from '../../bench/quality/options.ts'

describe('the options of the bench', () => {
  it('run everything by default, on the folder in TACIT_DATA', () => {
    expect(parseOptions([], { TACIT_DATA: '/sets' })).toEqual({
      help: false,
      data: '/sets',
      views: null,
      protocols: ['offline', 'online'],
      seeds: null,
      rounds: 4000,
      policies: ['tacit', 'thompson', 'uniform'],
      db: 'file',
      json: null,
    })
  })

  it('are read from the command line', () => {
    const args =
      '--views a,b --protocol online --seeds 3 --rounds 100 --policies tacit --db memory --json x.json --data d'
    expect(parseOptions(args.split(' '), { TACIT_DATA: '/sets' })).toMatchObject({
      data: 'd',
      views: ['a', 'b'],
      protocols: ['online'],
      seeds: 3,
      rounds: 100,
      policies: ['tacit'],
      db: 'memory',
      json: 'x.json',
    })
  })

  it.each([
    ['--protocol both', /--protocol both: must be one of offline, online/],
    ['--seeds 0', /--seeds 0: must be a whole number above 0/],
    ['--policies best', /must be one of tacit, thompson, uniform/],
    ['--view a', /--view/],
  ])('are refused when wrong: %s', (args, message) => {
    expect(() => parseOptions(args.split(' '), {})).toThrow(message)
  })

  it('are all in the help', () => {
    for (const option of ['data', 'views', 'protocol', 'seeds', 'rounds', 'policies', 'db', 'json', 'help']) {
      expect(help).toContain(`--${option}`)
    }
  })
})
