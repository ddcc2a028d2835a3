/**
 * A vitest reporter that says, as the very last line, how the tests ended: `120 passed, 0 failed, 2 skipped`. What failed
 * outside any test (a file that cannot be loaded, a hook, an error nobody caught) counts as failed too.
 */
export default class CountsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: 0, skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[countedAs(test.result().state)]++
      counts.failed += module.errors().length
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
    }
    counts.failed += unhandledErrors.length
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
    process.on('exit', () => process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`))
  }
}

/** A test that the run did not come to (interrupted, bail) is neither passed nor failed. */
const countedAs = state => (state === 'pending' ? 'skipped' : state)
