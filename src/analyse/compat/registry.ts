import { agenticQeScorers } from './agentic-qe.ts'
import { agenticQePatternScorers } from './agentic-qe-patterns.ts'
import { claudeBackupsScorers } from './claude-backups.ts'
import { mahavishnuScorers } from './mahavishnu.ts'
import type { CompatScorer } from './scorer.ts'
import { strategyGuideScorers } from './strategy-guide.ts'

/** Every score of earlier systems that Tacit can reproduce. None of them is ever chosen by. */
export const compatScorers: readonly CompatScorer[] = [
  ...strategyGuideScorers,
  ...claudeBackupsScorers,
  ...mahavishnuScorers,
  ...agenticQeScorers,
  ...agenticQePatternScorers,
]
