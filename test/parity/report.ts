import { evidence } from './evidence.ts'
import { features } from './features.ts'

/** `npm run parity`: how many features are done, per area, and which are open. */
const states = features.map(feature => ({ ...feature, ...(evidence[feature.id] ?? { state: 'open' as const }) }))
const count = (rows: typeof states, state: string) => rows.filter(row => row.state === state).length

for (const area of new Set(features.map(feature => feature.area))) {
  const rows = states.filter(row => row.area === area)
  console.log(`${area}: ${count(rows, 'done')} of ${rows.length} done`)
  for (const row of rows) {
    if (row.state === 'open')
      console.log(`  ${row.id} ${row.title} → ${row.form}${'missing' in row ? ` (missing: ${row.missing})` : ''}`)
    if (row.state === 'dropped') console.log(`  ${row.id} ${row.title}: dropped, ${row.reason}`)
  }
}
console.log(
  `\n${states.length} features: ${count(states, 'done')} done, ${count(states, 'open')} open, ${count(states, 'dropped')} dropped`,
)
