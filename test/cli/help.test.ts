import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commands } from '../../src/serve/cli/commands.ts'
import { tacit, temporaryDirectory } from './run.ts'

const names = commands.map(({ name }) => name)

describe('help', () => {
  it('lists every command with its summary', async () => {
    const { code, stdout, stderr } = await tacit(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const { name } of commands) expect(stdout).toMatch(new RegExp(`^  ${name} {2,}\\S`, 'm'))
    expect(names).toEqual(expect.arrayContaining(['init', 'status', 'decide', 'observe', 'record', 'recommend']))
    expect(names).toEqual(expect.arrayContaining(['predict', 'similar', 'metrics', 'replay', 'export', 'import']))
    expect(names).toEqual(expect.arrayContaining(['config', 'demo', 'step', 'feedback']))
  })

  it('is what a call without a command gives', async () => {
    const [bare, asked] = await Promise.all([tacit([]), tacit(['--help'])])
    expect(bare).toEqual(asked)
  })

  it.each(names)('of %s shows examples of it and the options of every command', async name => {
    const { code, stdout, stderr } = await tacit([name, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Examples:')
    expect(stdout).toMatch(new RegExp(`\\$ tacit ${name}`))
    for (const option of ['--json', '--db', '--scope', '--config', '--set', '--no-color'])
      expect(stdout).toContain(option)
    expect(await tacit(['help', name])).toEqual({ code, stdout, stderr })
  })

  it('and the version need no database and no valid configuration', async () => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, 'tacit.config.json'), 'not json')
    expect((await tacit(['decide', '--help'], { cwd })).code).toBe(0)
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await tacit(['--version'], { cwd })).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe('wrong usage', () => {
  it.each([
    ['an unknown command', ['decode'], 'Did you mean decide?'],
    ['an unknown option', ['decide', 'x', '--arm', 'a'], 'Did you mean --arms?'],
    ['an unknown option of all commands', ['status', '--jsn'], 'Did you mean --json?'],
    ['a flag without its value', ['decide', 'x', '--arms'], '--arms'],
    ['too many arguments', ['status', 'now'], 'too many arguments'],
    ['a value that does not fit', ['observe', 'd1', '--cost-usd', 'much'], '--cost-usd "much"'],
    ['an unknown key of --set', ['config', '--set', 'learning.halfLife=7'], 'Did you mean learning.halfLifeDays?'],
    ['--set without a value', ['config', '--set', 'db'], 'key=value'],
    ['input that is not JSON', ['decide', '--input', '{task'], 'not JSON'],
    ['input that is not an object', ['decide', '--input', '[]'], 'JSON object'],
    ['no file to record', ['record'], 'Name one file'],
    ['a form of export that does not exist', ['export', '--format', 'xml'], 'ndjson'],
    ['too small a demo', ['demo', '--tasks', 'few'], '--tasks "few"'],
  ])('%s exits with 2, says what to do, and prints nothing on standard output', async (_, args, hint) => {
    const cwd = temporaryDirectory()
    const plain = await tacit(args, { cwd })
    expect(plain).toMatchObject({ code: 2, stdout: '' })
    expect(plain.stderr).toMatch(/^error INVALID_(INPUT|CONFIG): /)
    expect(plain.stderr).toContain(hint)
    expect(plain.stderr).not.toMatch(/\n\s+at /)

    const asJson = await tacit(['--json', ...args], { cwd })
    expect(asJson).toMatchObject({ code: 2, stdout: '' })
    const { error } = JSON.parse(asJson.stderr)
    expect(error.code).toMatch(/^INVALID_/)
    expect(error.message).toContain(hint)
  })

  it('shows the stack of an error only when TACIT_DEBUG is set', async () => {
    const { stderr } = await tacit(['config', '--set', 'db'], { env: { TACIT_DEBUG: '1' } })
    expect(stderr).toMatch(/\n\s+at /)
  })
})

describe('the configuration', () => {
  it('shows each value with its source: flag, environment, file, default', async () => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, 'tacit.config.json'), JSON.stringify({ scope: 'file', stage: 'shadow', canaryShare: 0.3 }))
    const env = { TACIT_SCOPE: 'environment', TACIT_STAGE: 'suggest' }
    const { code, stdout, stderr } = await tacit(['config', '--json', '--scope', 'flag'], { cwd, env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { settings, file } = JSON.parse(stdout)
    expect(file).toBe('tacit.config.json')
    const of = (key: string) => settings.find((setting: { key: string }) => setting.key === key)
    expect(of('scope')).toMatchObject({ value: 'flag', source: 'flag', variable: 'TACIT_SCOPE' })
    expect(of('stage')).toMatchObject({ value: 'suggest', source: 'environment' })
    expect(of('canaryShare')).toMatchObject({ value: 0.3, source: 'file' })
    expect(of('durability')).toMatchObject({ value: 'normal', source: 'default' })

    const table = (await tacit(['config', '--scope', 'flag'], { cwd, env })).stdout
    expect(table).toMatch(/^scope\s+flag\s+flag\s+TACIT_SCOPE$/m)
    expect(table).toMatch(/^canaryShare\s+0\.3\s+file\s+TACIT_CANARY_SHARE$/m)
  })

  it('file is taken from --config, else TACIT_CONFIG, else tacit.config.json', async () => {
    const cwd = temporaryDirectory()
    for (const name of ['a', 'b', 'tacit.config'])
      writeFileSync(join(cwd, `${name}.json`), JSON.stringify({ scope: name }))
    const scope = async (args: string[], env = {}) => {
      const { settings } = JSON.parse((await tacit(['config', '--json', ...args], { cwd, env })).stdout)
      return settings.find(({ key }: { key: string }) => key === 'scope').value
    }
    expect(await scope(['--config', 'a.json'], { TACIT_CONFIG: 'b.json' })).toBe('a')
    expect(await scope([], { TACIT_CONFIG: 'b.json' })).toBe('b')
    expect(await scope([])).toBe('tacit.config')
  })

  it('takes --set for any option, several times and for options of one group', async () => {
    const args = ['config', '--json', '--set', 'learning.halfLifeDays=7', '--set', 'learning.policy=uniform']
    const { settings } = JSON.parse((await tacit([...args, '--set', 'db=x.db', '--db', 'y.db'])).stdout)
    const value = (key: string) => settings.find((setting: { key: string }) => setting.key === key).value
    expect([value('learning.halfLifeDays'), value('learning.policy'), value('db')]).toEqual([7, 'uniform', 'y.db'])
  })

  it('with an unknown key in file or environment is refused with the nearest named', async () => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, 'bad.json'), JSON.stringify({ stagee: 'auto' }))
    const file = await tacit(['config', '--config', 'bad.json'], { cwd })
    expect(file).toMatchObject({ code: 2, stdout: '' })
    expect(file.stderr).toContain('Did you mean stage?')
    const environment = await tacit(['config'], { cwd, env: { TACIT_STAGEE: 'auto' } })
    expect(environment.stderr).toContain('Did you mean TACIT_STAGE?')
  })
})

describe('colours', () => {
  const csi = '\u001B['

  it('are left out when the output is not a terminal', async () => {
    expect((await tacit(['config'])).stdout).not.toContain(csi)
  })

  it('come with FORCE_COLOR, in results, help and errors', async () => {
    const env = { FORCE_COLOR: '1' }
    const [result, help, error] = await Promise.all([
      tacit(['config'], { env }),
      tacit(['--help'], { env }),
      tacit(['decode'], { env }),
    ])
    for (const text of [result.stdout, help.stdout, error.stderr]) expect(text).toContain(csi)
  })

  it('go with NO_COLOR and with --no-color', async () => {
    expect((await tacit(['config'], { env: { NO_COLOR: '1' } })).stdout).not.toContain(csi)
    const { stdout, stderr } = await tacit(['config', '--no-color'], { env: { FORCE_COLOR: '1' } })
    expect(stdout + stderr).not.toContain(csi)
  })
})
