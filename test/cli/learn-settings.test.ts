import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

describe('tacit learn disable', () => {
  it('shows what would change, and writes nothing without --yes', async () => {
    const cwd = temporaryDirectory()
    const { code, stdout, stderr } = await tacit(['learn', 'disable'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/enabled +unset → false/)
    expect(stderr).toContain('Repeat with --yes')
    expect(existsSync(join(cwd, 'tacit.config.json'))).toBe(false)
  })

  it('changes the one option, keeps the rest of the file, and is undone by enable', async () => {
    const cwd = temporaryDirectory()
    const file = join(cwd, 'tacit.config.json')
    const before = { db: 'a.db', learning: { halfLifeDays: 7 } }
    writeFileSync(file, JSON.stringify(before))
    expect((await tacit(['learn', 'disable', '--yes'], { cwd })).code).toBe(0)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...before, enabled: false })
    const record = JSON.stringify({ task: 'x', arm: 'a', success: true })
    expect((await tacit(['record', '-', '--json'], { cwd, stdin: record })).stdout).toContain('"stored":0')

    const { stdout } = await tacit(['learn', 'enable', '--yes', '--json'], { cwd })
    expect(JSON.parse(stdout)).toMatchObject({
      written: true,
      inEffect: [{ key: 'enabled', value: true, source: 'file' }],
    })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...before, enabled: true })
  })

  it('says so when the environment is stronger than the file', async () => {
    const cwd = temporaryDirectory()
    const { stderr } = await tacit(['learn', 'disable', '--yes'], { cwd, env: { TACIT_ENABLED: 'true' } })
    expect(stderr).toContain('enabled stays true: TACIT_ENABLED in the environment is stronger.')
  })

  it('leaves a file alone that it cannot read', async () => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, 'broken.json'), '{"db": ')
    const { code, stderr } = await tacit(['learn', 'disable', '--yes', '--config', 'broken.json'], { cwd })
    expect({ code, text: readFileSync(join(cwd, 'broken.json'), 'utf8') }).toEqual({ code: 2, text: '{"db": ' })
    expect(stderr).toContain('INVALID_CONFIG')
  })
})

describe('tacit learn mode', () => {
  it('sets the mode, and its options follow', async () => {
    const cwd = temporaryDirectory()
    expect((await tacit(['learn', 'mode', 'conservative', '--yes'], { cwd })).stdout).toContain('unset → conservative')
    const { settings } = JSON.parse((await tacit(['config', '--json'], { cwd })).stdout)
    const optimism = settings.find(({ key }: { key: string }) => key === 'learning.optimism')
    expect(optimism).toMatchObject({ value: -1, source: 'mode' })
    const { current } = JSON.parse((await tacit(['learn', 'modes', '--json'], { cwd })).stdout)
    expect(current).toBe('conservative')
    expect((await tacit(['learn', 'modes'], { cwd })).stdout).toMatch(
      /conservative \(in effect\) +learning\.optimism=-1/,
    )
  })

  it('refuses a mode that does not exist', async () => {
    const { code, stderr } = await tacit(['learn', 'mode', 'bold', '--yes'], { cwd: temporaryDirectory() })
    expect(code).toBe(2)
    expect(stderr).toContain('"tacit learn modes" lists them')
  })
})
