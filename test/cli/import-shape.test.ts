import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { tacit, temporaryDirectory } from './run.ts'

const rows = `id,agent_name,task_type,execution_time_ms,success,created_at
1,OPTIMIZER,database,1250,t,2025-11-03 08:15:30
2,SECURITY,audit,900,f,2025-11-03 08:16:00
3,,audit,900,f,2025-11-03 08:16:00
`
const json = (text: string) => JSON.parse(text)

describe('import --from', () => {
  it('takes in a table, says which row it left out and why, and learns from the rest', async () => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, 'agents.csv.gz'), gzipSync(rows))
    const { code, stdout, stderr } = await tacit(['import', '--from', 'agent-performance', 'agents.csv.gz'], { cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '3 rows: 2 stored, 0 duplicates, 1 skipped\n' })
    expect(stderr).toContain('agent_performance, row 3: no agent_name')
    const again = await tacit(['import', '--from', 'agent-performance', '-', '--json'], { cwd, stdin: rows })
    expect(json(again.stdout)).toMatchObject({ stored: 0, duplicates: 2, skipped: 1 })
    const ranked = json((await tacit(['recommend', 'A slow query', '--type', 'database', '--json'], { cwd })).stdout)
    expect(ranked.arms[0]).toMatchObject({ arm: 'OPTIMIZER' })
    expect(json((await tacit(['replay', '--verify', '--json'], { cwd })).stdout)).toMatchObject({ verified: true })
  })

  it('with --dry-run writes nothing', async () => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, 'agents.csv'), rows)
    const { stdout } = await tacit(['import', '--from', 'agent-performance', 'agents.csv', '--dry-run', '--json'], {
      cwd,
    })
    expect(json(stdout)).toMatchObject({ valid: 2, skipped: 1, dryRun: true })
    expect(existsSync(join(cwd, 'tacit.db'))).toBe(false)
  })

  it.each([
    ['of another system', 'agents.csv', rows, 'executions', 'is made of executions'],
    ['of DuckDB', 'x.duckdb', `${'\0'.repeat(8)}DUCK`, 'executions', "COPY executions TO 'executions.parquet'"],
    ['that is not there', 'none.csv', null, 'executions', 'Cannot read none.csv'],
  ])('refuses a file %s and says what to do', async (_, file, content, from, message) => {
    const cwd = temporaryDirectory()
    if (content !== null) writeFileSync(join(cwd, file), content)
    const { code, stderr } = await tacit(['import', '--from', from, file], { cwd })
    expect(code).not.toBe(0)
    expect(stderr).toContain(message)
  })
})
