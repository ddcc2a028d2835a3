import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The pinned runtime, a dev dependency: everything runs on it, whichever Node the machine has. */
export const runtimeOf = root => join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** Whether to install: nothing installed yet, the runtime is not there, or the lock file has changed since. */
export function isStale({ installedAtMs, lockedAtMs, hasRuntime }) {
  return installedAtMs === null || !hasRuntime || installedAtMs < lockedAtMs
}

/**
 * Installs what the lock file of `root` names, with `npm ci`, if need be; the runtime is expected among it, unless
 * `hasOwnRuntime` is false. Returns null, or a sentence about what went wrong and what to do.
 */
export function ensureInstalled(root, { hasOwnRuntime = true, what = 'dependencies' } = {}) {
  const modifiedAtMs = path => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? null
  const lockedAtMs = modifiedAtMs('package-lock.json')
  if (lockedAtMs === null) return 'package-lock.json is missing; restore it (git checkout package-lock.json).'
  const installedAtMs = modifiedAtMs('node_modules/.package-lock.json')
  const hasRuntime = () => !hasOwnRuntime || existsSync(runtimeOf(root))
  if (!isStale({ installedAtMs, lockedAtMs, hasRuntime: hasRuntime() })) return null

  // npm ci empties the folder first: behind a link it would empty somebody else's.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink())
    return 'node_modules is a link and out of date. Install where it points to, or remove the link, and try again.'

  console.error(
    installedAtMs === null
      ? `First run here: installing ${what} (npm ci) …`
      : `The lock file has changed: installing ${what} (npm ci) …`,
  )
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    // npm's talk goes to standard error: standard output belongs to the command.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (error) return `npm could not be started (${error.message}). Install npm, or put it on PATH.`
  if (status !== 0)
    return (
      'npm ci failed; its messages are above. It needs the npm registry (a proxy? npm config get registry), write\n' +
      'access to this folder and about 400 MB of space. If it names packages missing from the lock file, delete\n' +
      'node_modules and run npm install with the same npm version that wrote it, then try again.'
    )
  if (!hasRuntime())
    return (
      `npm ci did not bring the pinned Node (${runtimeOf(root)}): the install script of the package "node" did not run.\n` +
      'Allow install scripts (npm config get ignore-scripts must say false), delete node_modules and try again.'
    )
  return null
}
