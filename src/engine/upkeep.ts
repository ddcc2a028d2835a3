import { wrongCells } from '../analyse/rollup/verify.ts'
import type { OnProgress } from '../store/admin.ts'
import * as care from '../store/care.ts'
import { openStore, type StoreOptions } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { Problem } from '../store/validate.ts'
import { foldRollups } from './rollups.ts'

/** Problems with rollups that are listed; further ones are counted. */
const listedProblems = 100
const silent: OnProgress = () => {}

/** Upkeep: folds rollups and logs in, gathers statistics, gives space back. Others may go on using the database. */
export async function maintainDatabase(
  options: StoreOptions & { readonly full?: boolean },
  onProgress: OnProgress = silent,
): Promise<care.MaintenanceReport> {
  const { version, latestVersion } = await care.checkDatabase(options)
  // Opening an older one would bring its schema up to date, which was not asked for.
  const facts = version === latestVersion ? await withStore(options, store => foldScopes(store, onProgress)) : 0
  const report = await care.maintainDatabase(options, onProgress)
  const folded = { name: 'rollups folded', result: facts === 0 ? null : `${facts} facts` }
  return { ...report, steps: [folded, ...report.steps] }
}

/** Compares all that a database holds with what it must be, rollups included. Writes nothing. */
export async function validateDatabase(
  options: StoreOptions,
  onProgress: OnProgress = silent,
): ReturnType<typeof care.validateDatabase> {
  const report = await care.validateDatabase(options, onProgress)
  // Where the facts themselves are wrong, sums of them say nothing.
  if (!report.isSound) return report
  const problems = await withStore({ ...options, readOnly: true }, rollupProblems)
  return {
    ...report,
    isSound: problems.length === 0,
    problemCount: problems.length,
    problems: problems.slice(0, listedProblems),
  }
}

async function foldScopes(store: Store, onProgress: OnProgress): Promise<number> {
  let folded = 0
  for (const scope of await store.scopes()) {
    const { facts } = await store.stats(scope)
    const total = Object.values(facts).reduce((sum, count) => sum + count, 0)
    folded += await foldRollups(store, scope, done => onProgress(done, Math.max(done, total)))
  }
  return folded
}

async function rollupProblems(store: Store): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const scope of await store.scopes()) {
    for (const { period, startUs, key, is } of (await wrongCells(store, scope)) ?? []) {
      const place = `${period} of ${new Date(startUs / 1000).toISOString()}, ${key}`
      problems.push({ kind: 'rollup', scope, id: null, message: `The cell ${place} is ${is}. Run "tacit replay".` })
    }
  }
  return problems
}

async function withStore<T>(options: StoreOptions, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(options)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}
