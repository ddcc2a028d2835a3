import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { evaluatePolicy, prepareLog } from '../../src/analyse/off-policy/evaluate.ts'
import type { LoggedChoice } from '../../src/analyse/off-policy/logged-choice.ts'
import { uniformTarget } from '../../src/analyse/off-policy/targets.ts'
import { TacitError } from '../../src/errors.ts'
import { mean } from './hindsight.ts'

const logNames = ['random', 'bts'] as const
const columns = ['item_id', 'position', 'click', 'propensity_score'] as const

/** Folders with logs in the format of the Open Bandit Dataset. */
export function findBanditLogs(data: string): string[] {
  return readdirSync(data)
    .filter(name => logNames.every(log => existsSync(join(data, name, `${log}.csv.gz`))))
    .sort()
}

/**
 * Reads a log of impressions: the item is the arm, the place on the page the category, a click the reward. Only the
 * propensity of the item shown is on record.
 * @throws TacitError INVALID_INPUT that names the line that does not follow the format.
 */
export function readBanditLog(path: string): LoggedChoice[] {
  const [header = '', ...lines] = gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split(/\r?\n/)
  const places = columns.map(name => header.split(',').indexOf(name))
  if (places.includes(-1)) throw wrong(path, 1, `lacks one of the columns ${columns.join(', ')}`)
  const rows = lines.map((line, index) => {
    const cells = line.split(',')
    const [item, position, click, propensity] = places.map(place => Number(cells[place] || Number.NaN)) as [
      number,
      number,
      number,
      number,
    ]
    const isRight = Number.isSafeInteger(item) && Number.isSafeInteger(position) && click >= 0 && click <= 1
    if (!isRight || !(propensity > 0 && propensity <= 1)) throw wrong(path, index + 2, 'is not an impression')
    return { item, position, click, propensity }
  })
  const items = [...new Set(rows.map(({ item }) => item))].sort((a, b) => a - b)
  const positions = [...new Set(rows.map(({ position }) => position))].sort((a, b) => a - b)
  const arms = [...items.keys()]
  return rows.map(({ item, position, click, propensity }, task) => ({
    arms,
    taken: items.indexOf(item),
    propensity,
    propensities: null,
    category: positions.indexOf(position),
    task,
    reward: click,
  }))
}

/** What both logs say about a policy that shows every item equally often, with the warnings that belong to it. */
export function banditReport(data: string, folder: string): string {
  const logs = logNames.map(name => ({ name, choices: readBanditLog(join(data, folder, `${name}.csv.gz`)) }))
  const lines = logs.flatMap(({ name, choices }) => {
    const evaluation = evaluatePolicy(prepareLog(choices, 'bandit'), uniformTarget(choices))
    const clicks = choices.filter(({ reward }) => reward > 0).length
    const head = `${name}: ${choices.length} impressions, ${clicks} clicks, rate ${mean(choices.map(({ reward }) => reward)).toFixed(5)}`
    if (evaluation.refused) return [head, `  refused: ${evaluation.reason}`]
    const { estimates, support, warnings } = evaluation
    const values = Object.entries(estimates).map(([estimator, { value, interval }]) => {
      const range = interval === null ? '' : ` (${interval[0].toFixed(5)} to ${interval[1].toFixed(5)})`
      return `  uniform policy by ${estimator}: ${value.toFixed(5)}${range}`
    })
    const weights = `  effective sample size ${support.effectiveSampleSize.toFixed(0)}, mean weight ${support.meanWeight.toFixed(3)}, largest ${support.largestWeight.toFixed(1)}`
    return [head, ...values, weights, ...warnings.map(({ message }) => `  warning: ${message}`)]
  })
  return [`${folder} · logged impressions, the uniform policy judged by both logs`, ...lines].join('\n')
}

function wrong(path: string, line: number, what: string): TacitError {
  return new TacitError('INVALID_INPUT', `${path}:${line} ${what}. Correct the file, or take it out of the folder.`)
}
