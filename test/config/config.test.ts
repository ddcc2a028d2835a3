import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig, settingFromText } from '../../src/config.ts'
import { TacitError } from '../../src/errors.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tacit-config-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function fileWith(value: unknown, name = 'tacit.config.json'): string {
  const path = join(directory, name)
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

function refusal(act: () => unknown): TacitError {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(TacitError)
    return error as TacitError
  }
  throw new Error('nothing was thrown')
}

const settingOf = (sources: Parameters<typeof loadConfig>[0], key: string) =>
  loadConfig(sources).settings.find(setting => setting.key === key)!

describe('precedence', () => {
  it('takes flags before the environment, the environment before the file, the file before the default', () => {
    const file = fileWith({ scope: 'from-file' })
    const environment = { TACIT_SCOPE: 'from-environment' }
    const flags = { scope: 'from-flag' }
    expect(settingOf({ flags, environment, file }, 'scope')).toMatchObject({ value: 'from-flag', source: 'flag' })
    expect(settingOf({ environment, file }, 'scope')).toMatchObject({
      value: 'from-environment',
      source: 'environment',
    })
    expect(settingOf({ file }, 'scope')).toMatchObject({ value: 'from-file', source: 'file' })
    expect(settingOf({}, 'scope')).toMatchObject({ value: 'default', source: 'default' })
  })

  it('decides for each option apart: sources that set different options of one group are combined', () => {
    const file = fileWith({ learning: { halfLifeDays: 7, policy: 'uniform' } })
    const { config } = loadConfig({
      file,
      environment: { TACIT_LEARNING_POLICY: 'thompson' },
      flags: { learning: { minProbability: 0.1 } },
    })
    expect(config.learning).toMatchObject({ halfLifeDays: 7, policy: 'thompson', minProbability: 0.1 })
  })

  it('treats a flag that is undefined as not given', () => {
    expect(settingOf({ flags: { db: undefined }, environment: { TACIT_DB: 'a.db' } }, 'db').value).toBe('a.db')
  })

  it('replaces an option that is itself an object as a whole', () => {
    const file = fileWith({ utility: { durationMs: { weight: -0.5, to: 100 } } })
    const flags = { utility: { durationMs: { weight: -0.2 } } }
    expect(loadConfig({ file, flags }).config.utility.durationMs).toMatchObject({ weight: -0.2, to: 1 })
  })
})

describe('unknown keys', () => {
  it('are refused in the file, and the nearest option is named', () => {
    const file = fileWith({ learning: { halfLiveDays: 7 } })
    const error = refusal(() => loadConfig({ file }))
    expect(error.code).toBe('INVALID_CONFIG')
    expect(error.message).toContain('learning.halfLiveDays')
    expect(error.message).toContain('Did you mean learning.halfLifeDays?')
    expect(error.message).toContain(file)
  })

  it('are refused in the environment, and the nearest variable is named', () => {
    const error = refusal(() => loadConfig({ environment: { TACIT_SCOP: 'x' } }))
    expect(error).toMatchObject({ code: 'INVALID_CONFIG', details: { key: 'TACIT_SCOP', nearest: 'TACIT_SCOPE' } })
  })

  it('are refused in flags, and the nearest option is named', () => {
    const error = refusal(() => loadConfig({ flags: { stagee: 'auto' } }))
    expect(error).toMatchObject({ code: 'INVALID_CONFIG', details: { nearest: 'stage' } })
  })

  it('are refused in --set', () => {
    expect(refusal(() => settingFromText('learning.halflife', '7')).details.nearest).toBe('learning.halfLifeDays')
  })

  it('leave variables of others and our own non-options alone', () => {
    const environment = { PATH: '/bin', TACIT_CONFIG: 'x.json', TACIT_DATA: '/data', TACIT_DEBUG: '1' }
    expect(loadConfig({ environment }).settings.every(({ source }) => source === 'default')).toBe(true)
  })
})

describe('values', () => {
  it.each([
    ['TACIT_DB', 'db', '123', '123'],
    ['TACIT_ENABLED', 'enabled', 'false', false],
    ['TACIT_ENABLED', 'enabled', 'off', false],
    ['TACIT_ENABLED', 'enabled', '1', true],
    ['TACIT_ENABLED', 'enabled', 'YES', true],
    ['TACIT_STAGE', 'stage', 'shadow', 'shadow'],
    ['TACIT_BUSY_TIMEOUT_MS', 'busyTimeoutMs', '0', 0],
    ['TACIT_LEARNING_HALF_LIFE_DAYS', 'learning.halfLifeDays', 'null', null],
    ['TACIT_POSTGRES_REPLICA_URL', 'postgres.replicaUrl', 'null', null],
    ['TACIT_DB', 'db', 'null', 'null'],
    ['TACIT_EMBEDDING_SIMILARITY_THRESHOLD', 'embedding.similarityThreshold', '-0.5', -0.5],
  ])('%s is read as its option %s expects: %s', (variable, key, text, value) => {
    expect(settingOf({ environment: { [variable]: text } }, key).value).toBe(value)
  })

  it('that are objects are read as JSON', () => {
    const environment = { TACIT_UTILITY_DURATION_MS: '{"weight":-0.2,"to":10000}' }
    expect(loadConfig({ environment }).config.utility.durationMs).toMatchObject({ weight: -0.2, to: 10_000 })
    expect(settingFromText('utility.costUsd', '{"weight":-1}')).toEqual({ utility: { costUsd: { weight: -1 } } })
  })

  it.each([
    [{ canaryShare: 1.1 }, 'canaryShare'],
    [{ stage: 'everywhere' }, 'stage'],
    [{ learning: { halfLifeDays: 0 } }, 'learning.halfLifeDays'],
    [{ learning: { halfLifeDays: '7' } }, 'learning.halfLifeDays'],
    [{ embedding: { dimension: 2.5 } }, 'embedding.dimension'],
    [{ db: '' }, 'db'],
    [{ utility: { quality: { weight: 1, scal: 'linear' } } }, 'utility.quality'],
  ])('out of range or of the wrong type are refused by name: %o', (flags, key) => {
    const error = refusal(() => loadConfig({ flags }))
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' })
    expect(error.message).toContain(key)
  })

  it('from the environment that are wrong name their variable, those of a file name the file', () => {
    expect(refusal(() => loadConfig({ environment: { TACIT_CANARY_SHARE: 'some' } })).message).toContain(
      'TACIT_CANARY_SHARE',
    )
    const file = fileWith({ canaryShare: 'some' }, 'wrong.json')
    expect(refusal(() => loadConfig({ file })).message).toContain(file)
  })

  it('cannot reach the prototype of objects', () => {
    const file = fileWith('{"__proto__": {"polluted": true}}', 'prototype.json')
    expect(refusal(() => loadConfig({ file })).code).toBe('INVALID_CONFIG')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('the file', () => {
  it('that is missing, not JSON, or not an object is refused with its path', () => {
    const missing = join(directory, 'none.json')
    const broken = fileWith('{"db": ', 'broken.json')
    const list = fileWith([], 'list.json')
    for (const file of [missing, broken, list]) {
      const error = refusal(() => loadConfig({ file }))
      expect(error.code).toBe('INVALID_CONFIG')
      expect(error.message).toContain(file)
    }
  })
})

describe('names of earlier systems', () => {
  it.each([
    ['CLAUDE_LEARNING_DB', 'db', 'old.db', 'old.db'],
    ['CLAUDE_LEARNING_ENABLED', 'enabled', 'false', false],
    ['CLAUDE_ML_EMBEDDING_DIM', 'embedding.dimension', '128', 128],
    ['CLAUDE_AUTO_RECOMMENDATION', 'features.recommendation', '0', false],
    ['CLAUDE_ADAPTIVE_ROUTING', 'features.routing', 'off', false],
    ['AQE_LEARNING_ENABLED', 'enabled', 'no', false],
    ['CLAUDE_LEARNING_POOL_SIZE', 'postgres.poolSize', '4', 4],
    ['MAHAVISHNU_LEARNING__ENABLED', 'enabled', 'false', false],
    ['MAHAVISHNU_LEARNING__DATABASE_PATH', 'db', 'pool.db', 'pool.db'],
    ['MAHAVISHNU_LEARNING__SIMILARITY_THRESHOLD', 'embedding.similarityThreshold', '0.7', 0.7],
  ])('%s sets %s', (variable, key, text, value) => {
    expect(settingOf({ environment: { [variable]: text } }, key)).toMatchObject({ value, source: 'environment' })
  })

  it('give way to our own name', () => {
    const environment = { TACIT_DB: 'new.db', CLAUDE_LEARNING_DB: 'old.db' }
    expect(loadConfig({ environment }).config.db).toBe('new.db')
  })
})

describe('the URL of a PostgreSQL database', () => {
  const password = 'p@ss:w/o#r?d%'
  const environment = {
    POSTGRES_HOST: 'db.internal',
    POSTGRES_PORT: '6543',
    CLAUDE_LEARNING_DB_NAME: 'learning',
    POSTGRES_USER: 'tacit',
    POSTGRES_PASSWORD: password,
  }

  it('takes the parts that it leaves out from the environment', () => {
    const url = new URL(loadConfig({ flags: { db: 'postgres://' }, environment }).config.db)
    expect([url.host, url.pathname, url.username]).toEqual(['db.internal:6543', '/learning', 'tacit'])
    expect(decodeURIComponent(url.password)).toBe(password)
    const given = new URL(loadConfig({ flags: { db: 'postgres://me@here/mine' }, environment }).config.db)
    expect([given.host, given.pathname, given.username]).toEqual(['here:6543', '/mine', 'me'])
    expect(loadConfig({ flags: { db: 'a.db' }, environment }).config.db).toBe('a.db')
  })

  it('is shown without its password', () => {
    const shown = settingOf({ flags: { db: 'postgres://' }, environment }, 'db').value as string
    expect(shown).toBe('postgres://tacit:***@db.internal:6543/learning')
    expect(settingOf({ flags: { db: 'postgres://u:p:w@[half' } }, 'db').value).not.toContain('p:w')
  })
})

describe('the list of options', () => {
  const { settings } = loadConfig()
  const source = new URL('../../src/', import.meta.url)
  const code = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts') && path !== 'config.ts')
    .map(path => readFileSync(new URL(path, source), 'utf8'))

  it.each(settings.map(({ key }) => key))('has none that nothing reads: %s', key => {
    const names = key.split('.')
    const last = names.at(-1)!
    const group = names.length > 1 ? names[0]! : 'config'
    // As a property of its group (the utility's terms are passed on as weights), or taken out of it by name; the
    // version of the utility is part of what names the learned state.
    const readings = [
      new RegExp(`\\b${group === 'utility' ? 'weights' : group}\\??\\.${last}\\b`),
      new RegExp(`\\{[^{}]*\\b${last}\\b[^{}]*\\}[^=\\n]*(=|: )[^\\n]*(config|Config|${group})\\b`),
      ...(key === 'utility.version' ? [/JSON\.stringify\([^)]*config\.utility\b/] : []),
    ]
    expect(code.some(text => readings.some(reading => reading.test(text)))).toBe(true)
  })

  it('gives each option one meaning and one variable', () => {
    expect(settings.length).toBeGreaterThan(15)
    for (const { key, description } of settings) expect(description, key).not.toBe('')
    expect(new Set(settings.map(({ variable }) => variable)).size).toBe(settings.length)
  })

  it('sets through the variable that it names', () => {
    for (const { key, variable, value } of settings) {
      if (value === undefined) continue
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      expect(settingOf({ environment: { [variable]: text } }, key), key).toMatchObject({ value, source: 'environment' })
    }
  })
})
