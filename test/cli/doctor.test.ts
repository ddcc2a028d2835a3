import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commands } from '../../src/serve/cli/commands.ts'
import { hookEntries } from '../../src/serve/cli/hook-settings.ts'
import { tacit, temporaryDirectory } from './run.ts'

interface Finding {
  readonly check: string
  readonly state: string
  readonly message: string
  readonly advice: string | null
}

async function examined(args: readonly string[], cwd = temporaryDirectory()) {
  const { code, stdout } = await tacit(['doctor', '--json', ...args], { cwd, env: { CLAUDE_CONFIG_DIR: cwd } })
  const { healthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: Finding[] }
  const of = (check: string) => findings.findLast(finding => finding.check === check)
  return { code, healthy, of, findings }
}

describe('tacit doctor', () => {
  test('finds a database in order, its learned state included, and says so', async () => {
    const cwd = temporaryDirectory()
    const record = { task: 'Fix it', arm: 'a', success: true }
    await tacit(['record', '--input', JSON.stringify(record)], { cwd })
    const { code, healthy, findings } = await examined(['--verify'], cwd)
    expect({ code, healthy }).toEqual({ code: 0, healthy: true })
    expect(findings.map(({ check, state }) => `${check} ${state}`)).toEqual([
      'runtime ok',
      'configuration ok',
      'switch ok',
      'disk ok',
      'database ok',
      'outcomes ok',
      'own errors ok',
      'learned state ok',
      'hooks ok',
    ])
  })

  test('says what to do where there is no database, and makes none', async () => {
    const cwd = temporaryDirectory()
    const { code, of } = await examined([], cwd)
    expect(code).toBe(0)
    expect(of('database')).toMatchObject({ state: 'warning', advice: expect.stringContaining('tacit init') })
    expect(existsSync(join(cwd, 'tacit.db'))).toBe(false)
  })

  test('fails on a file that is no database, on a wrong option and on a directory that is not there', async () => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, 'bad.db'), 'this is not a database '.repeat(500))
    const damaged = await examined(['--db', 'bad.db'], cwd)
    expect(damaged.code).toBe(1)
    expect(damaged.of('database')).toMatchObject({ state: 'failed', message: expect.stringContaining('STORE_CORRUPT') })
    expect((await examined(['--set', 'canaryShare=7'], cwd)).of('configuration')).toMatchObject({ state: 'failed' })
    expect((await examined(['--db', 'no/such/place.db'], cwd)).of('disk')).toMatchObject({ state: 'failed' })
  })

  test('warns of a switch that is off and of missing outcomes', async () => {
    const cwd = temporaryDirectory()
    for (let i = 0; i < 3; i++) await tacit(['decide', `Task ${i}`, '--arms', 'a,b'], { cwd })
    const { of } = await examined(['--set', 'enabled=false'], cwd)
    expect(of('switch')).toMatchObject({ state: 'warning' })
    expect(of('outcomes')).toMatchObject({ state: 'warning', message: expect.stringContaining('0 %') })
  })
})

describe('tacit completion', () => {
  const probe = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tacit; printf "%s\\n" "\${COMPREPLY[@]}"`
  const complete = (file: string, words: readonly string[]) =>
    spawnSync('bash', ['-c', probe, file, ...words], { encoding: 'utf8' }).stdout.split('\n')

  test('offers in bash every command, its subcommands, its flags and their values', async () => {
    const script = join(temporaryDirectory(), 'completion.bash')
    writeFileSync(script, (await tacit(['completion', 'bash'])).stdout)
    for (const { name } of commands) expect(complete(script, ['tacit', name.slice(0, 2)])).toContain(name)
    expect(complete(script, ['tacit', 'hook', 'un'])).toContain('uninstall')
    expect(complete(script, ['tacit', '--db', 'x.db', 'hook', 'install', '--y'])).toContain('--yes')
    expect(complete(script, ['tacit', 'decide', '--js'])).toContain('--json')
    expect(complete(script, ['tacit', 'import', 'transcripts', '--arms', ''])).toEqual(
      expect.arrayContaining(['agent', 'model', 'agent+model']),
    )
  })

  test('is made for zsh and fish too, and refuses other shells', async () => {
    expect((await tacit(['completion', 'zsh'])).stdout).toMatch(/^#compdef tacit/)
    expect((await tacit(['completion', 'fish'])).stdout).toMatch(/^complete -c tacit -f .* -a hook /m)
    expect((await tacit(['completion', 'cmd'])).code).toBe(2)
  })
})

describe('the plugin for Claude Code', () => {
  const plugin = join(import.meta.dirname, '../../plugins/claude-code')
  const read = (file: string) => JSON.parse(readFileSync(join(plugin, file), 'utf8'))

  test('sets up the hooks that "tacit hook install" sets up, and carries the version of the package', () => {
    expect(read('hooks/hooks.json').hooks).toEqual(hookEntries('tacit hook --recommend'))
    const { version } = JSON.parse(readFileSync(join(plugin, '../../package.json'), 'utf8'))
    expect(read('.claude-plugin/plugin.json')).toMatchObject({ name: 'tacit', version })
    expect(read('.mcp.json').mcpServers.tacit).toEqual({ command: 'tacit', args: ['mcp'] })
  })
})
