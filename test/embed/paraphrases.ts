/** [sentence, paraphrase, unrelated sentence], written for this project: work that people give to agents. */
export const paraphrases: readonly (readonly [string, string, string])[] = [
  [
    'Speed up the nightly sales report',
    'Make the sales report that runs every night faster',
    'Translate the onboarding mail into French',
  ],
  [
    'Fix the flaky login test',
    'The test for logging in fails now and then, repair it',
    'Draw a diagram of the network topology',
  ],
  [
    'Add an index to the orders table',
    'Create a database index for the table of orders',
    'Write a blog post about the release',
  ],
  [
    'Optimize the SQL query behind the dashboard',
    'The dashboard needs a quicker SQL query',
    'Rename the mobile app icons',
  ],
  [
    'Find the memory leak in the worker process',
    'The worker leaks memory, find out why',
    'Update the privacy policy page',
  ],
  ['Upgrade React to version 19', 'Migrate the front end to React 19', 'Rotate the database passwords'],
  [
    'Write unit tests for the payment service',
    'The payment service lacks unit tests, add some',
    'Reduce the size of the Docker image',
  ],
  [
    'Review this pull request for security problems',
    'Do a security review of the pull request',
    'Summarise the customer interviews from May',
  ],
  [
    'Refactor the user controller into smaller functions',
    'Split the big user controller into small functions',
    'Forecast next quarter revenue from the spreadsheet',
  ],
  ['Deploy the service to the staging cluster', 'Roll the service out on staging', 'Explain recursion to a beginner'],
  [
    'Document the public REST API',
    'Write documentation for the REST endpoints',
    'Crash in the audio decoder on Windows',
  ],
  ['Convert the CSV export to Parquet', 'Export Parquet files instead of CSV', 'Design a logo for the conference'],
  [
    'Investigate the timeout in checkout',
    'Checkout requests time out, investigate the cause',
    'Port the game engine to WebAssembly',
  ],
  [
    'Summarise the meeting notes in five bullet points',
    'Give me a five point summary of the notes from the meeting',
    'Compile the kernel module for ARM',
  ],
  [
    'Remove unused dependencies from package.json',
    'Clean up package.json by dropping dependencies that are not used',
    'Plan a trip to the customer in Oslo',
  ],
  [
    'Translate the error messages into German',
    'German translations of all error messages are needed',
    'Tune the garbage collector of the JVM',
  ],
  [
    'Set up continuous integration with GitHub Actions',
    'Create a GitHub Actions workflow for CI',
    'Calculate the tax on imported furniture',
  ],
  [
    'Fix the null pointer exception in the parser',
    'Parser crashes with a NullPointerException',
    'Choose colours for the marketing brochure',
  ],
  [
    'Cache the results of the product search',
    'Add caching to product search',
    'Interview candidates for the legal team',
  ],
  ['Paginate the list of invoices', 'The invoice list should have pagination', 'Detect cats in surveillance video'],
  [
    'Make the search box accessible with the keyboard',
    'Keyboard accessibility for the search field',
    'Encrypt the backups before upload',
  ],
  [
    'Migrate the database from MySQL to PostgreSQL',
    'Move our MySQL database over to Postgres',
    'Record a podcast about gardening',
  ],
  [
    'Validate email addresses in the sign-up form',
    'The registration form must check that an email address is valid',
    'Benchmark matrix multiplication on the GPU',
  ],
  [
    'Implement rate limiting for the API gateway',
    'The API gateway should limit request rates',
    'Fix the spelling in the user manual',
  ],
  [
    'Parse log files and count errors per hour',
    'Count the errors in the logs for each hour',
    'Animate the menu when it opens',
  ],
  [
    'Train a classifier for spam mail',
    'Build a spam classifier for incoming mail',
    'Replace the power supply of the server',
  ],
  [
    'Resolve the merge conflict in the routing module',
    'There are merge conflicts in routing, resolve them',
    'Estimate the carbon footprint of shipping',
  ],
  [
    'Generate TypeScript types from the OpenAPI schema',
    'Derive TypeScript type definitions from our OpenAPI file',
    'Order new chairs for the meeting room',
  ],
  [
    'Reduce the bundle size of the web app',
    'The web app bundle is too large, shrink it',
    'Audit who has access to the payroll system',
  ],
  [
    'Schedule a cron job that deletes old sessions',
    'Old sessions should be deleted by a scheduled job',
    'Compare three vendors of solar panels',
  ],
  [
    'Add dark mode to the settings page',
    'The settings page needs a dark theme',
    'Recover the deleted branch from the reflog',
  ],
  [
    'Explain why the build fails on Windows',
    'Why does the Windows build fail?',
    'Draft an offer for the school district',
  ],
  [
    'Extract tables from scanned PDF files',
    'Get the tables out of PDF scans',
    'Increase test coverage of the scheduler',
  ],
  ['Rewrite the shell script in Python', 'Port the bash script to Python', 'Negotiate the licence with the supplier'],
  [
    'Monitor disk usage and send an alert',
    'Alert us when the disk is nearly full',
    'Rewrite the poem in iambic pentameter',
  ],
  [
    'Answer the support ticket about a lost password',
    'Reply to the customer ticket: password was lost',
    'Profile the rendering of large maps',
  ],
  [
    'Handle daylight saving time in the calendar',
    'Calendar events are wrong after the daylight saving change',
    'Compress the textures of the 3D models',
  ],
  [
    'Create a Helm chart for the message broker',
    'Package the message broker as a Helm chart',
    'Proofread chapter four of the thesis',
  ],
  [
    'Fuzz the JSON decoder to find crashes',
    'Find crashes in the JSON decoder by fuzzing',
    'Book a table for the team dinner',
  ],
  [
    'Merge duplicate customer records',
    'Customers appear twice, deduplicate their records',
    'Simulate the trajectory of the probe',
  ],
  ['优化夜间销售报表的查询', '让夜间销售报表查询更快', '把隐私政策翻译成法语'],
  ['ログイン画面のテストを修正する', 'ログイン画面の壊れたテストを直してください', '新しいロゴの色を選ぶ'],
  [
    'Исправить утечку памяти в рабочем процессе',
    'Рабочий процесс теряет память, исправь утечку',
    'Перевести письмо на французский язык',
  ],
]
