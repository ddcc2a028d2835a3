/** How far a feature of `features.ts` is. A feature without an entry is open. */
export type Evidence =
  /** Every part of the feature is there, and these tests show it: 'engine/loop.test.ts > name of the test'. */
  | { readonly state: 'done'; readonly tests: readonly string[] }
  /** Not there, or not whole; `missing` says what is lacking, `tests` show the part that is there. */
  | { readonly state: 'open'; readonly missing: string; readonly tests?: readonly string[] }
  /** Will not be built. */
  | { readonly state: 'dropped'; readonly reason: string }

export const evidence: Readonly<Record<string, Evidence>> = {
  F001: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F001 F017 F021 one execution is recorded with its arm, task type, duration, success and error',
    ],
  },
  F002: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F002 a batch gives each item its own result, and a bad item does not stop the others',
    ],
  },
  F003: {
    state: 'done',
    tests: [
      'engine/privacy.test.ts > spellings of one task type are one task type',
      'parity/rows.test.ts > F003 any text serves as a task type, and executions are counted by it',
    ],
  },
  F004: {
    state: 'done',
    tests: [
      'engine/privacy.test.ts > where words may not be kept, the log has a hash of the task, and the task is still known again',
      'parity/rows.test.ts > F004 the words of the task are kept as they were given',
    ],
  },
  F005: {
    state: 'done',
    tests: ['parity/rows.test.ts > F005 complexity is kept raw, and maps to 0..1 only if its scale was declared'],
  },
  F006: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F006 F007 F009 F010 F011 F012 F013 an arm has an agent, a team as a set, tier, pool, topology, strategy, parallelism and retry policy',
    ],
  },
  F007: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F006 F007 F009 F010 F011 F012 F013 an arm has an agent, a team as a set, tier, pool, topology, strategy, parallelism and retry policy',
    ],
  },
  F008: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F008 F030 the steps of an execution keep their order, and a pool its start and its end',
    ],
  },
  F009: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F006 F007 F009 F010 F011 F012 F013 an arm has an agent, a team as a set, tier, pool, topology, strategy, parallelism and retry policy',
    ],
  },
  F010: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F006 F007 F009 F010 F011 F012 F013 an arm has an agent, a team as a set, tier, pool, topology, strategy, parallelism and retry policy',
    ],
  },
  F011: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F006 F007 F009 F010 F011 F012 F013 an arm has an agent, a team as a set, tier, pool, topology, strategy, parallelism and retry policy',
    ],
  },
  F012: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F006 F007 F009 F010 F011 F012 F013 an arm has an agent, a team as a set, tier, pool, topology, strategy, parallelism and retry policy',
    ],
  },
  F013: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F006 F007 F009 F010 F011 F012 F013 an arm has an agent, a team as a set, tier, pool, topology, strategy, parallelism and retry policy',
    ],
  },
  F014: {
    state: 'done',
    tests: ['parity/rows.test.ts > F014 projects share a database and see nothing of each other'],
  },
  F015: { state: 'done', tests: ['parity/rows.test.ts > F015 file count and estimated tokens are kept as context'] },
  F016: {
    state: 'done',
    tests: ['parity/rows.test.ts > F016 routing confidence is kept beside the propensity and is not taken for it'],
  },
  F017: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F001 F017 F021 one execution is recorded with its arm, task type, duration, success and error',
    ],
  },
  F018: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F018 cost estimate and actual cost are both kept, exact to the micro-dollar, and their difference can be read',
    ],
  },
  F019: { state: 'done', tests: ['parity/rows.test.ts > F019 F020 quality on 0 to 100 and coverage are kept on 0..1'] },
  F020: { state: 'done', tests: ['parity/rows.test.ts > F019 F020 quality on 0 to 100 and coverage are kept on 0..1'] },
  F021: {
    state: 'done',
    tests: [
      'engine/privacy.test.ts > is kept with the outcome',
      'parity/rows.test.ts > F001 F017 F021 one execution is recorded with its arm, task type, duration, success and error',
    ],
  },
  F022: {
    state: 'done',
    tests: ['parity/rows.test.ts > F022 an error has one of the known types or a type of its own'],
  },
  F023: { state: 'done', tests: ['parity/rows.test.ts > F023 the resources that an execution used are kept'] },
  F024: {
    state: 'done',
    tests: [
      'engine/privacy.test.ts > a similar task comes with the summary of how it was solved',
      'parity/rows.test.ts > F024 the summary of a solution is kept with the outcome',
    ],
  },
  F025: { state: 'done', tests: ['parity/rows.test.ts > F025 whether the user accepted the result can be told later'] },
  F026: { state: 'done', tests: ['parity/rows.test.ts > F026 free metadata is kept, and refused above 64 KB'] },
  F027: {
    state: 'done',
    tests: [
      'engine/privacy.test.ts > are kept as pseudonyms: the same within a database, different in another, and never the name',
      'parity/rows.test.ts > F027 user and session are kept under pseudonyms',
    ],
  },
  F028: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F028 nothing on record is ever rewritten: a correction stands beside what it corrects',
    ],
  },
  F029: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F029 F031 F032 a choice is on record before its outcome, is in flight until then, and is joined by its id',
    ],
  },
  F030: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F008 F030 the steps of an execution keep their order, and a pool its start and its end',
    ],
  },
  F031: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F029 F031 F032 a choice is on record before its outcome, is in flight until then, and is joined by its id',
      'parity/rows.test.ts > F031 an outcome that comes before its decision waits for it',
    ],
  },
  F032: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F029 F031 F032 a choice is on record before its outcome, is in flight until then, and is joined by its id',
    ],
  },
  F033: {
    state: 'done',
    tests: [
      'contract/store/projection.ts > joins a late outcome',
      'store/postgres-opening.test.ts > is done once by several that start at the same time',
      'e2e/postgres.test.ts > four processes decide, observe and learn on one PostgreSQL: nothing is lost or double, and all end with one state',
    ],
  },
  F034: {
    state: 'done',
    tests: [
      'store/postgres-search.test.ts > an index finds nearly all of what comparing finds, filtered too, with exact similarities and in order',
      'contract/store/search.ts > never compares vectors of different embedders',
      'embed/hashing.test.ts > names its kind, version and dimension',
    ],
  },
  F035: {
    state: 'done',
    tests: [
      'store/sqlite.test.ts > use an index that leads with the scope, for every read and write that grows with the log',
      'deploy/scale.test.ts > the statements for Citus name every table, and distribute by the scope each whose key begins with it',
      'store/postgres-search.test.ts > an index finds nearly all of what comparing finds, filtered too, with exact similarities and in order',
    ],
  },
  F037: {
    state: 'done',
    tests: [
      'analyse/rollup.test.ts > give for any window and grouping what summing up the whole log gives, whatever was folded when',
      'analyse/rollup.test.ts > keep the same cells, byte for byte, however the log was cut into folds',
      'e2e/rollups.test.ts > on SQLite',
      'e2e/rollups.test.ts > on PostgreSQL',
    ],
  },
  F038: {
    state: 'done',
    tests: [
      'contract/store/projection.ts > is the same for every order in which its facts arrive, alone or together',
      'analyse/rollup-verify.test.ts > finds nothing wrong after any history, folded wholly or in part',
      'analyse/rollup-verify.test.ts > finds rollups that disagree with the log',
      'store/care.test.ts > finds a changed row, a missing row, a stray vector, a broken vector and a fact that is none',
    ],
  },
  F039: {
    state: 'done',
    tests: [
      'engine/metrics.test.ts > go by any facet of the arm that was used, and by repository, hour, day and month',
      'engine/metrics.test.ts > take a window of any length, to the microsecond, and name it',
    ],
  },
  F040: {
    state: 'open',
    missing:
      'what an agent can do (its tools, its description) is shown at registration and not kept beside its name, model and group',
    tests: [
      'ingest/agents.test.ts > gives its name, when to use it, its model and its group',
      'ingest/agents.test.ts > can be chosen before it was ever seen, and is on record with its facets',
    ],
  },
  F041: {
    state: 'done',
    tests: ['engine/metrics.test.ts > there is a view of teams and one of strategies'],
  },
  F042: {
    state: 'open',
    missing:
      'a list of what was recommended for which kind of task and how often that was followed; decisions are counted by type and arm',
  },
  F044: {
    state: 'done',
    tests: [
      'engine/metrics.test.ts > an arm that once was described is known by it; one that never was is taken for an agent of its name',
    ],
  },
  F045: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > comes in pages, the latest first, and together they are every experience once',
      'engine/q-learning.test.ts > names the arm that was really used, and leaves out decisions that still run',
      'cli/learn.test.ts > lists the history a page at a time',
      'cli/learn.test.ts > exports the table and the experiences, and replaces no file',
    ],
  },
  F046: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > holds what predict and recommend rest on: best arms differ between the states',
      'engine/q-learning.test.ts > comes in pages, which together are the whole, tasks without a type first',
      'cli/learn.test.ts > exports the table and the experiences, and replaces no file',
    ],
  },
  F050: {
    state: 'done',
    tests: [
      'engine/models.test.ts > is in use for whoever opens the database, and can be kept beside others',
      'engine/models.test.ts > is told apart by the calibration of its forecasts',
      'engine/models.test.ts > that was learned under other settings is not used',
    ],
  },
  F051: {
    state: 'done',
    tests: [
      'cli/db.test.ts > check shows the schema, and fails where it is behind; migrate brings it up to date',
      'store/care.test.ts > is shown by check, and left as it is',
    ],
  },
  F052: {
    state: 'done',
    tests: [
      'contract/store-admin.suite.ts > a schema goes up step by step, down again, and up to the same, each step known by its name',
      'store/care.test.ts > is brought up to date once by several processes that start at the same time',
      'store/care-postgres.test.ts > migrates an older schema once, whoever comes first',
    ],
  },
  F053: {
    state: 'done',
    tests: [
      'store/care.test.ts > keep a backup of what was there, from which everything comes back',
      'store/care-postgres.test.ts > is made before a reset, a rollback and a restore, and brings everything back',
    ],
  },
  F054: {
    state: 'done',
    tests: ['cli/db.test.ts > backup, reset and restore lead back to the same log'],
  },
  F055: {
    state: 'done',
    tests: ['cli/db.test.ts > migrate makes a database where there is none'],
  },
  F056: {
    state: 'done',
    tests: [
      'store/postgres.test.ts > connections are as many as the pool allows, and calls beyond them wait their turn',
      'store/sqlite.test.ts > eight processes that append at once with full durability lose nothing',
      'config/config.test.ts > %s sets %s',
    ],
  },
  F057: {
    state: 'done',
    tests: [
      'store/care.test.ts > gives back the space that a rollback or pruning left',
      'store/care-postgres.test.ts > keeps up partitions, tables and indexes while others write',
    ],
  },
  F058: {
    state: 'done',
    tests: [
      'store/care.test.ts > taken while others write is whole as of one moment, and sound',
      'store/care.test.ts > restored gives the same log, keeps what was there, and that can be restored in turn',
      'store/care-postgres.test.ts > is a file that opens by itself, and restores to a server and to a file',
    ],
  },
  F059: {
    state: 'open',
    missing: 'a monitor of the mix of tasks (PSI); what arms achieve is monitored by CUSUM',
    tests: [
      'learn/drift.test.ts > names the arm, the task type and the direction of a change',
      'learn/drift.test.ts > leaves an arm that became bad for one that became good within 700 tasks, and names the change',
      'engine/reading.test.ts > status names an arm whose results have changed, since when, and on which type of task',
    ],
  },
  F060: {
    state: 'done',
    tests: [
      'engine/synchroniser.test.ts > each handle of a file knows at once what another one wrote, whoever writes',
      'engine/advise.test.ts > never outlive an outcome: a recommendation follows it at once',
      'engine/advise.test.ts > are all void as soon as the state is another, and are the own copy of whoever asks',
    ],
  },
  F061: {
    state: 'open',
    missing: 'learned state is read when a database is opened, not when it is first needed',
    tests: [
      'parity/setup-rows.test.ts > F061 the driver of PostgreSQL, the readers of bundles, servers and models are loaded by those who use them',
      'engine/synchroniser.test.ts > is kept on the way, and reading starts from it',
    ],
  },
  F062: {
    state: 'done',
    tests: [
      'store/sqlite.test.ts > share one transaction, and one of them that cannot be kept is undone alone',
      'store/sqlite.test.ts > of a writer by kill -9, five times, every acknowledged write is there and the file is sound',
    ],
  },
  F063: {
    state: 'done',
    tests: ['cli/messages.test.ts > work with a database in memory is followed by a warning, on standard error alone'],
  },
  F064: {
    state: 'open',
    missing: 'a limit in bytes over everything that is held in memory; each collection has its own bound in numbers',
    tests: [
      'engine/advise.test.ts > are at most 128; the one not asked for the longest time goes first',
      'learn/task-links.test.ts > forgets the text that was not met for the longest time when there are more than 20,000',
      'http/limits.test.ts > are again let through as time goes by, and remember no more callers than a bound',
    ],
  },
  F065: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F065 F067 similar tasks come most similar first, filtered by time, repository, arm and task type',
      'embed/hashing.test.ts > puts paraphrases closer than unrelated sentences from the same kind of work',
      'contract/store/search.ts > gives what comparing with every vector gives, most similar first, for any filter and limit',
    ],
  },
  F066: {
    state: 'done',
    tests: [
      'embed/hashing.test.ts > the default threshold lets nine of ten paraphrases through, and one unrelated sentence in fifty at most',
      'parity/rows.test.ts > F066 the similarity threshold is an option of the call and of the configuration',
    ],
  },
  F067: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F065 F067 similar tasks come most similar first, filtered by time, repository, arm and task type',
    ],
  },
  F073: {
    state: 'done',
    tests: [
      'store/postgres-search.test.ts > an index finds nearly all of what comparing finds, filtered too, with exact similarities and in order',
      'store/vector-search.test.ts > answers as comparing with every vector does, for any filter, threshold and limit',
      'store/vector-search.test.ts > looks beyond the most promising vectors where these are too alike to be told apart by codes',
    ],
  },
  F074: {
    state: 'done',
    tests: ['parity/rows.test.ts > F074 how a task ended, and which arm did it, does not change what it is similar to'],
  },
  F076: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F076 F077 success and error rate of an arm come with their counts, and what is missing counts as missing',
    ],
  },
  F077: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F076 F077 success and error rate of an arm come with their counts, and what is missing counts as missing',
    ],
  },
  F078: {
    state: 'done',
    tests: ['parity/rows.test.ts > F078 F079 durations have their mean and interpolated percentiles'],
  },
  F079: {
    state: 'done',
    tests: ['parity/rows.test.ts > F078 F079 durations have their mean and interpolated percentiles'],
  },
  F080: {
    state: 'done',
    tests: [
      'engine/metrics.test.ts > count what was recorded in the window, per kind and second, and leave imports out',
    ],
  },
  F081: {
    state: 'done',
    tests: [
      'http/routes.test.ts > count requests and operations, and give the state of the project',
      'engine/metrics.test.ts > count what was recorded in the window, per kind and second, and leave imports out',
    ],
  },
  F082: {
    state: 'done',
    tests: [
      'engine/usage.test.ts > sums up what each arm used, of those who state it, and what it achieved for it',
      'engine/usage.test.ts > holds the truth in 93 to 97 of 100 samples',
      'engine/usage.test.ts > is not given where successes are all alike, where cost may be nothing, or for two',
    ],
  },
  F083: {
    state: 'done',
    tests: [
      'engine/metrics.test.ts > rank by success at the lower end of its interval, by duration and by cost; unknown values come last',
    ],
  },
  F084: {
    state: 'done',
    tests: ['engine/metrics.test.ts > views have a window of their own, which any option replaces'],
  },
  F085: {
    state: 'done',
    tests: ['engine/metrics.test.ts > views have a window of their own, which any option replaces'],
  },
  F086: {
    state: 'done',
    tests: [
      'engine/metrics.test.ts > are counted per repository with how they fared, the most used first, and corrected outcomes move them',
    ],
  },
  F087: {
    state: 'done',
    tests: [
      'engine/metrics.test.ts > compares a group with itself in the window before, with intervals',
      'engine/metrics.test.ts > of a group that is new, or whose values do not vary, claims nothing',
    ],
  },
  F088: {
    state: 'done',
    tests: ['engine/metrics.test.ts > compares a group with itself in the window before, with intervals'],
  },
  F089: {
    state: 'done',
    tests: ["engine/metrics.test.ts > by Welch's interval agrees with the textbook where variances differ"],
  },
  F090: {
    state: 'open',
    missing: 'findings, whose rate this is, do not exist yet',
  },
  F091: {
    state: 'done',
    tests: [
      'engine/calibration.test.ts > agrees with the measures of the mathematics',
      'engine/calibration.test.ts > calibration of amounts: error of the logarithm and in percent, and the share inside the interval',
      'engine/calibration.test.ts > the stored forecast is judged, not what would be forecast today',
      'engine/calibration.test.ts > only forecasts made before the outcome, about the arm that was used, are judged; the others are counted',
    ],
  },
  F092: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > counts by UTC day what was decided on it, and agrees with a count by hand',
      'engine/q-learning.test.ts > keeps to its range',
      'engine/q-learning.test.ts > makes up no reward where the outcome says nothing',
    ],
  },
  F093: {
    state: 'open',
    missing: 'the gain as a rate over 30 days beside its target of 20 %; the difference in value has its interval',
    tests: [
      'engine/track.test.ts > shows a gain where there is one',
      'engine/track.test.ts > is not beaten by easier tasks: the mix of task types is taken out',
      'analyse/off-policy-engine.test.ts > finds that what the default policy would choose today beats what was chosen while it learned',
    ],
  },
  F096: {
    state: 'done',
    tests: [
      'engine/usage.test.ts > sums up what each arm used, of those who state it, and what it achieved for it',
      'engine/usage.test.ts > goes by hour of the day and by task type, over a window, for one arm, as far as the limit goes',
      'engine/resources.test.ts > tokens, CPU time and memory are forecast like duration and cost, for each arm, as soon as outcomes told them',
    ],
  },
  F097: {
    state: 'done',
    tests: [
      'engine/budget.test.ts > that binds and can be met is exceeded by at most 0.4 % over 1,000 tasks, and the utility given up is reported',
      'engine/budget.test.ts > that even the cheapest arm exceeds is said to be unmeetable, in the choice and in the status',
    ],
  },
  F112: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F112 F113 F114 success, duration and cost of each arm are predicted with intervals',
      'engine/evidence.test.ts > differs between arms whose truth differs',
      'engine/evidence.test.ts > names the nearest past tasks of the type with their arm and outcome, at most three in all',
    ],
  },
  F113: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F112 F113 F114 success, duration and cost of each arm are predicted with intervals',
      'learn/hierarchy.test.ts > trust the task type where arms specialise, and not where the type means nothing',
    ],
  },
  F114: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F112 F113 F114 success, duration and cost of each arm are predicted with intervals',
      'parity/rows.test.ts > F114 durations are estimated on the scale of their logarithm',
    ],
  },
  F115: {
    state: 'done',
    tests: [
      'engine/resources.test.ts > tokens, CPU time and memory are forecast like duration and cost, for each arm, as soon as outcomes told them',
      'engine/resources.test.ts > a resource that no outcome has told is not in the forecast',
    ],
  },
  F116: {
    state: 'done',
    tests: [
      'engine/track.test.ts > is the third of past forecasts that its own falls into, and each third says how many failed',
      'engine/track.test.ts > is not known before enough forecasts were judged',
    ],
  },
  F117: {
    state: 'done',
    tests: ['cli/learn.test.ts > learns everything anew, comes to the same, and keeps it'],
  },
  F118: {
    state: 'done',
    tests: [
      'engine/advise.test.ts > recommend ranks no arm that was observed less often, and names it',
      'engine/advise.test.ts > predict withholds each forecast that rests on fewer, and says on how many',
    ],
  },
  F119: {
    state: 'done',
    tests: [
      'engine/models.test.ts > is done once per period, after a write, and finds what was learned as it was',
      'engine/models.test.ts > is not done unless it was asked for',
    ],
  },
  F120: {
    state: 'done',
    tests: [
      'engine/models.test.ts > decides as it did, in the place of what goes on learning, until that is put back',
      'engine/models.test.ts > is in use for whoever opens the database, and can be kept beside others',
    ],
  },
  F121: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F121 each outcome moves the next prediction at once',
      'parity/rows.test.ts > F121 late feedback moves the estimate, where the utility gives ratings a weight',
    ],
  },
  F122: {
    state: 'done',
    tests: [
      'engine/track.test.ts > names the words that speak for and against success, most important first',
      'engine/track.test.ts > adds up, for one task, to the forecast: rate, arm, words and parts of words',
    ],
  },
  F123: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F123 F126 arms are recommended for a text, best first, with evidence in words and the similar cases',
    ],
  },
  F124: {
    state: 'done',
    tests: ['parity/rows.test.ts > F124 F125 the best agent is chosen with the probability of every alternative'],
  },
  F125: {
    state: 'done',
    tests: ['parity/rows.test.ts > F124 F125 the best agent is chosen with the probability of every alternative'],
  },
  F126: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F123 F126 arms are recommended for a text, best first, with evidence in words and the similar cases',
    ],
  },
  F128: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F128 a wrapped task runs with the chosen arm, and its outcome is learned from',
      'parity/rows.test.ts > F128 a wrapped task that runs too long fails by timeout, and a cancelled one counts neither way',
      'engine/wrap.test.ts > that throws, throws the very same, and is recorded as failed',
    ],
  },
  F131: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F131 exploration is seeded, keeps a floor for every arm, and is logged with its exact probability',
    ],
  },
  F129: {
    state: 'done',
    tests: ['engine/utility-limits.test.ts > discounts a loaded arm by the declared weight, and is on record'],
  },
  F130: {
    state: 'done',
    tests: [
      'engine/utility-limits.test.ts > leaves out an arm whose predicted success is below its own least one',
      'engine/utility-limits.test.ts > that no arm can keep takes the least bad, and the choice says so',
      'engine/utility-limits.test.ts > lets an arm come back when the evidence against it has faded',
    ],
  },
  F132: {
    state: 'done',
    tests: [
      'engine/utility-limits.test.ts > stays under its ceiling in every window, also after a restart and a replay',
    ],
  },
  F134: {
    state: 'done',
    tests: [
      'engine/utility-limits.test.ts > keeps its least and its largest share, and the probability on record is exact',
      'engine/utility-limits.test.ts > leaves out an arm whose predicted success is below its own least one',
      'engine/utility-limits.test.ts > with priority decides between equals only',
      'engine/utility-limits.test.ts > with a cache time gives the same task the same arm again, until the time is over or an outcome came',
    ],
  },
  F133: {
    state: 'done',
    tests: [
      'config/modes.test.ts > %s changes the options that it names, and no other',
      'engine/q-learning.test.ts > follows the mode: exploration explores more, exploitation less',
      'cli/learn-settings.test.ts > sets the mode, and its options follow',
    ],
  },
  F135: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F135 without any data every arm has its chance, and what is unknown stays null',
      'parity/rows.test.ts > F135 below the stage auto the incumbent is taken, and without one the first arm',
    ],
  },
  F136: {
    state: 'done',
    tests: [
      'analyse/compat.test.ts > %s of %j is %s',
      'analyse/compat.test.ts > the strategy score takes the ratings of the domain, 1..5, as the original did',
    ],
  },
  F137: {
    state: 'done',
    tests: [
      'analyse/compat.test.ts > the strategy score takes the ratings of the domain, 1..5, as the original did',
      'engine/q-learning.test.ts > names the arm that is best in the state, with its estimate, and the others after it',
    ],
  },
  F138: {
    state: 'done',
    tests: ['parity/rows.test.ts > F138 evidence fades with age toward the prior, and half-life off keeps it'],
  },
  F139: {
    state: 'done',
    tests: [
      'engine/advise.test.ts > are given again to the same question about the same state, for five minutes',
      'engine/advise.test.ts > are at most 128; the one not asked for the longest time goes first',
      'engine/advise.test.ts > never outlive an outcome: a recommendation follows it at once',
    ],
  },
  F140: {
    state: 'done',
    tests: [
      'engine/wrap-all.test.ts > run at most %i at a time, are begun in their order, and each has a decision and an outcome',
      'engine/record.test.ts > gives every item its own result, over more items than one transaction takes',
      'engine/loop.test.ts > many times at once with one id makes one decision',
    ],
  },
  F155: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > learns what record learns, to the last byte, and says how the estimate changed',
    ],
  },
  F156: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > holds what predict and recommend rest on: best arms differ between the states',
      'engine/q-learning.test.ts > names the arm that was really used, and leaves out decisions that still run',
    ],
  },
  F157: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > are applied to the history as a view, and change nothing that is learned',
      'analyse/compat-rewards.test.ts > %s of %j is %s',
    ],
  },
  F158: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > comes in pages, the latest first, and together they are every experience once',
      'cli/learn.test.ts > learns everything anew, comes to the same, and keeps it',
    ],
  },
  F159: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > is told in numbers that come from the table and the policy',
      'learn/worlds.test.ts > loses less and less against the oracle',
    ],
  },
  F160: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > comes in pages, which together are the whole, tasks without a type first',
      'cli/learn.test.ts > exports the table and the experiences, and replaces no file',
    ],
  },
  F161: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > names the arm that is best in the state, with its estimate, and the others after it',
      'engine/q-learning.test.ts > counts improvement from what is used now, else from the mean',
    ],
  },
  F162: {
    state: 'done',
    tests: [
      'analyse/off-policy.test.ts > give the known answer, %s',
      'analyse/off-policy-truth.test.ts > inverse propensity and doubly robust are unbiased for %s',
      'analyse/off-policy-truth.test.ts > 95 % intervals hold the truth of %s in 91 to 99 % of the logs',
      'analyse/off-policy-engine.test.ts > is a command that prints the verdict, or one JSON value',
    ],
  },
  F163: {
    state: 'done',
    tests: [
      'engine/track.test.ts > is what the best arm would have earned more, within its interval, period by period and in all',
      'engine/track.test.ts > is not made up where the log says too little: the reason is given',
    ],
  },
  F181: {
    state: 'done',
    tests: [
      'cli/simulate.test.ts > leaves estimates, answers and log of the real scope as they were, to the last bit',
      'cli/simulate.test.ts > marks every fact as simulated and keeps it in a scope of its own',
      'cli/simulate.test.ts > adds up: counts, shares, and regret between nothing and that of a uniform choice',
    ],
  },
  F182: {
    state: 'done',
    tests: [
      'engine/track.test.ts > stays as it was frozen, whatever is recorded later',
      'engine/track.test.ts > shows a gain where there is one',
      'engine/track.test.ts > is not beaten by easier tasks: the mix of task types is taken out',
    ],
  },
  F196: {
    state: 'done',
    tests: [
      'parity/cli-rows.test.ts > F196 status shows what is on record, what is awaited and the errors of Tacit itself',
    ],
  },
  F200: { state: 'done', tests: ['parity/cli-rows.test.ts > F200 predict shows success and duration per arm'] },
  F201: {
    state: 'done',
    tests: [
      'cli/simulate.test.ts > prints regret against the known optimum, the share of best choices and what was learned',
      'cli/simulate.test.ts > gives the same result again and writes nothing new',
    ],
  },
  F202: {
    state: 'done',
    tests: ['parity/cli-rows.test.ts > F202 what was exported as lines or as JSON gives the same log when imported'],
  },
  F203: {
    state: 'done',
    tests: ['cli/learn.test.ts > learns everything anew, comes to the same, and keeps it'],
  },
  F207: {
    state: 'done',
    tests: [
      'cli/db.test.ts > check shows the schema, and fails where it is behind; migrate brings it up to date',
      'cli/db.test.ts > backup, reset and restore lead back to the same log',
      'store/care.test.ts > finds a changed row, a missing row, a stray vector, a broken vector and a fact that is none',
    ],
  },
  F208: { state: 'done', tests: ['parity/cli-rows.test.ts > F208 every command answers with one JSON value if asked'] },
  F210: {
    state: 'done',
    tests: [
      'http/routes.test.ts > answers every example of every operation as the operation itself would',
      'http/routes.test.ts > is valid OpenAPI 3.1 and has a route for each operation',
      'http/access.test.ts > is decided by what the key allows, on every route',
      'mcp/mcp.test.ts > work over standard input and output, where nothing but the protocol is written',
      'mcp/mcp.test.ts > work over streamable HTTP, each request for itself',
    ],
  },
  F211: {
    state: 'done',
    tests: [
      'cli/loop.test.ts > creates the database, says how to go on beside the result, and keeps what is there',
      'cli/loop.test.ts > writes a valid configuration file if asked, and never over another one',
      'scripts/run.test.ts > installs first when nothing is installed, and keeps that off standard output',
    ],
  },
  F212: {
    state: 'done',
    tests: [
      'http/events.test.ts > tells of everything that is added, and goes on after the last event that a client has seen',
      'cli/serve.test.ts > shows what others write to the database, and ends quietly at Ctrl-C',
      'cli/serve.test.ts > shows a server the same way, as JSON lines if asked',
    ],
  },
  F213: {
    state: 'done',
    tests: [
      'parity/cli-rows.test.ts > F213 F214 a file sets options, the environment wins over it, and a flag over both',
      'parity/cli-rows.test.ts > F213 every option is read by the program',
      'config/config.test.ts > takes flags before the environment, the environment before the file, the file before the default',
      'config/config.test.ts > gives each option one meaning and one variable',
    ],
  },
  F214: {
    state: 'open',
    missing: 'the names of earlier systems for options that do not exist yet (CLAUDE_ML_MODEL_TYPE …)',
    tests: [
      'parity/cli-rows.test.ts > F213 F214 a file sets options, the environment wins over it, and a flag over both',
      'config/config.test.ts > are refused in the environment, and the nearest variable is named',
      'config/config.test.ts > takes the parts that it leaves out from the environment',
    ],
  },
  F215: {
    state: 'open',
    missing: 'a switch for anomaly detection, which does not exist yet',
    tests: ['parity/rows.test.ts > F215 recommendation, routing and prediction can each be switched off'],
  },
  F216: {
    state: 'done',
    tests: [
      'parity/cli-rows.test.ts > F216 an unknown option is refused with the nearest known one, and a value out of range with its reason',
      'config/config.test.ts > are refused in the file, and the nearest option is named',
    ],
  },
  F219: {
    state: 'open',
    missing: 'steps and executions have their retention, but the hourly sums of metrics have none of their own',
    tests: ['cli/prune.test.ts > takes the retention of the configuration, class by class'],
  },
  F224: {
    state: 'done',
    tests: ['parity/rows.test.ts > F224 one switch turns everything off: nothing is recorded and the task still runs'],
  },
  F226: {
    state: 'done',
    tests: ['store/care.test.ts > keep a backup of what was there, from which everything comes back'],
  },
  F230: {
    state: 'done',
    tests: [
      'engine/utility-limits.test.ts > is left out for urgent tasks and near deadlines: the best arm is taken for certain',
    ],
  },
  F231: { state: 'done', tests: ['parity/rows.test.ts > F231 the whole loop makes no network connection'] },
  F232: {
    state: 'done',
    tests: [
      'parity/setup-rows.test.ts > F232 nothing is opened with credentials that were not given: no default holds any, and neither does the code',
      'store/postgres-opening.test.ts > with no more than the rights that docs/postgres.md grants works on what another one has set up',
      'store/postgres-opening.test.ts > that may only read reads everything, and each of its writes is refused',
    ],
  },
  F233: {
    state: 'done',
    tests: [
      'cli/prune.test.ts > takes the retention of the configuration, class by class',
      'engine/prune.test.ts > of steps alone leaves executions, and of vectors alone leaves the log',
    ],
  },
  F234: {
    state: 'done',
    tests: [
      'engine/prune.test.ts > leaves what was learned as it was; replay begins with a checkpoint, and learning goes on',
      'cli/prune.test.ts > keeps what goes in %s, from which it comes back',
    ],
  },
  F235: {
    state: 'done',
    tests: [
      'cli/export-import.test.ts > as %s gives the same log and the same learned state',
      'engine/import.test.ts > names what conflicts and what differs from the fact on record, and keeps the latter as it was',
    ],
  },
  F236: {
    state: 'done',
    tests: [
      'engine/privacy.test.ts > takes what the patterns match out of every free text before it is kept',
      'engine/privacy.test.ts > takes it out of metadata, keys included, of features and of the names of steps',
      'engine/privacy.test.ts > are kept as pseudonyms: the same within a database, different in another, and never the name',
    ],
  },
  F243: {
    state: 'done',
    tests: [
      'bench/targets.test.ts > the bench of single calls times every call that a time was aimed at, on real data',
    ],
  },
  F244: {
    state: 'done',
    tests: [
      'bench/targets.test.ts > the bench of single calls times every call that a time was aimed at, on real data',
    ],
  },
  F245: {
    state: 'open',
    missing: 'patterns, which do not exist yet; the import of executions is timed',
    tests: [
      'bench/targets.test.ts > the bench of single calls times every call that a time was aimed at, on real data',
    ],
  },
  F246: {
    state: 'done',
    tests: [
      'deploy/scale.test.ts > the bench finds what executions take: more than their text and vector, in the tables that hold them',
    ],
  },
  F253: {
    state: 'done',
    tests: [
      'otlp/server.test.ts > spans that the SDK sends in batches, of many traces at once, become an execution each',
      'otlp/pieces.test.ts > a trace in any order, in any pieces and with repetitions is the same one execution',
      'otlp/fuzz.test.ts > 6,000 hostile bodies are each answered, and leave a log that can be read and replayed',
      'otlp/export.test.ts > decisions and outcomes reach a collector as spans of one trace, and as metrics',
    ],
  },
  F248: {
    state: 'done',
    tests: [
      'engine/orchestrator.test.ts > learns which agent does the tasks, and names it',
      'engine/orchestrator.test.ts > a task that takes too long fails; one that is cancelled stays unknown',
    ],
  },
  F249: {
    state: 'done',
    tests: [
      'engine/orchestrator.test.ts > a patched method runs the chosen agent, learns, and can be put back',
      'engine/orchestrator.test.ts > a method that is not there is refused',
    ],
  },
  F250: {
    state: 'done',
    tests: [
      'engine/task-hooks.test.ts > before it comes a choice, after it the outcome with the time that it took',
      'engine/task-hooks.test.ts > a task that failed says why',
      'engine/task-hooks.test.ts > what goes wrong in Tacit is counted, and the task goes on with the incumbent',
    ],
  },
  F251: {
    state: 'done',
    tests: [
      'engine/events.test.ts > each write tells its listeners what happened, a repeated one that nothing did',
      'engine/events.test.ts > a listener that throws is counted and keeps neither the caller nor other listeners from going on',
    ],
  },
  F252: {
    state: 'done',
    tests: [
      'engine/orchestrator.test.ts > joins decision, pool events and outcome by the id of the task, in whatever order they come',
      'engine/orchestrator.test.ts > after its shutdown nothing is captured any more',
      'engine/task-hooks.test.ts > a flush waits for what was handed over before',
    ],
  },
  F254: {
    state: 'done',
    tests: ['parity/rows.test.ts > F254 errors are of one class with a stable code and say where and what to do'],
  },
  F255: {
    state: 'done',
    tests: ['parity/rows.test.ts > F255 a failure of learning does not reach the task, and is counted'],
  },
  F256: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F256 two that decide and observe on one file at once lose nothing and learn from each other',
      'store/sqlite.test.ts > eight processes that append at once with full durability lose nothing',
      'contract/store/log.ts > calls that are not awaited one by one are all kept',
    ],
  },
  F257: {
    state: 'done',
    tests: [
      'parity/rows.test.ts > F257 what cannot be is refused before anything is written, and empty groups divide by nothing',
    ],
  },
  F260: {
    state: 'done',
    tests: [
      'cli/doctor.test.ts > finds a database in order, its learned state included, and says so',
      'cli/doctor.test.ts > says what to do where there is no database, and makes none',
      'cli/doctor.test.ts > fails on a file that is no database, on a wrong option and on a directory that is not there',
    ],
  },
  F261: {
    state: 'done',
    tests: [
      'cli/bundle.test.ts > of the same facts have the same checksum in all forms, whenever they were written',
      'cli/bundle.test.ts > of a newer version is refused with what to do',
    ],
  },
  F263: {
    state: 'done',
    tests: [
      'http/events.test.ts > tells what other processes write too, once each, while others keep writing',
      'http/events.test.ts > has told of nothing that the metrics do not yet know',
      'analyse/rollup.test.ts > give for any window and grouping what summing up the whole log gives, whatever was folded when',
    ],
  },
  F269: {
    state: 'done',
    tests: [
      'engine/q-learning.test.ts > names the arm that is best in the state, with its estimate, and the others after it',
      'learn/worlds.test.ts > loses less and less against the oracle',
      'learn/worlds.test.ts > earns in the second half at least 0.2 more than a uniform choice',
    ],
  },
  F273: {
    state: 'done',
    tests: [
      'engine/models.test.ts > decides as it did, in the place of what goes on learning, until that is put back',
      'engine/models.test.ts > changes nothing about what is learned meanwhile, nor about what the log gives',
    ],
  },
  F274: {
    state: 'done',
    tests: [
      'engine/pareto.test.ts > reads what arms achieved, with n and 95 % intervals, by task type, and writes nothing',
    ],
  },
  F275: {
    state: 'done',
    tests: [
      'engine/resources.test.ts > tokens, CPU time and memory are forecast like duration and cost, for each arm, as soon as outcomes told them',
      'engine/resources.test.ts > %s can be weighed in the utility',
      'engine/resources.test.ts > an arm that is expected to need more than %o is not eligible',
      'engine/resources.test.ts > the ceiling %o is kept',
      'engine/budget.test.ts > covers tokens and milliseconds too',
    ],
  },
}
