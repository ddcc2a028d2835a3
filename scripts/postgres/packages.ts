import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { run } from './run.ts'

/**
 * PostgreSQL 17 with pgvector out of Debian's own packages: fetched from the mirror that apt knows, unpacked into a
 * folder of ours and run under the C library that comes with them. It needs apt-get and dpkg, no rights of an
 * administrator, and touches nothing outside the folder.
 */
const major = '17'
const suite = 'trixie'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const wanted = [`postgresql-${major}`, `postgresql-client-${major}`, `postgresql-${major}-pgvector`]
/** Libraries that the packages name but a server without JIT and procedural languages never loads. */
const unused = /^lib(llvm|clang|perl|python|json-perl)|-perl$/i

const machines: Readonly<Record<string, { folder: string; loader: string }>> = {
  amd64: { folder: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { folder: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
}

/** Where the unpacked packages are kept; another account may have to read them when root starts the server. */
function cacheFolder(): string {
  const parent = process.getuid?.() === 0 ? '/var/cache' : process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(parent, `tacit-postgres-${major}`)
}

/** The folder of the programs if they were fetched before, else null. */
export function cachedPrograms(): string | null {
  const programs = programsIn(cacheFolder())
  return existsSync(programs) ? programs : null
}

/** Fetches and unpacks the packages (some seconds, about 50 MB). Gives the folder of the programs. */
export async function fetchPrograms(): Promise<string> {
  const cache = cacheFolder()
  process.stderr.write(
    `Fetching PostgreSQL ${major} with pgvector from Debian's mirror into ${cache} (once, 50 MB) …\n`,
  )
  await mkdir(dirname(cache), { recursive: true })
  // Made beside its place and moved there whole: a second process that does the same is not disturbed.
  const making = await mkdtemp(`${cache}.`)
  try {
    const architecture = (await run('dpkg', ['--print-architecture'])).trim()
    const machine = machines[architecture]
    if (machine === undefined) throw new Error(`There are no instructions for the architecture ${architecture}.`)
    for (const file of await download(join(making, 'packages'), architecture)) await run('dpkg', ['-x', file, making])
    await rm(join(making, 'packages'), { recursive: true })
    await arrange(making, machine)
    await run(join(programsIn(making), 'postgres'), ['--version'])
    await run('chmod', ['-R', 'a+rX', making])
    // Whoever was first has made the same.
    if (!existsSync(cache)) await rename(making, cache)
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return programsIn(cache)
}

const programsIn = (root: string) => join(root, 'usr/lib/postgresql', major, 'bin')

/** Downloads the packages and the libraries they need with an apt state of its own; apt checks the signatures. */
async function download(folder: string, architecture: string): Promise<string[]> {
  const mirror = await debianMirror()
  const state = join(folder, 'state')
  await mkdir(join(state, 'lists/partial'), { recursive: true })
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true })
  await writeFile(join(state, 'status'), '')
  const sources = join(folder, 'sources.list')
  await writeFile(sources, `deb [arch=${architecture} signed-by=${keyring}] ${mirror} ${suite} main\n`)
  const settings = {
    'Dir::State': state,
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'APT::Sandbox::User': '',
    'APT::Architecture': architecture,
    'Acquire::Retries': '3',
    'Acquire::Languages': 'none',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await run('apt-get', [...options, '-qq', 'update'])
  const relations = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    name => `--no-${name}`,
  )
  const needed = await run('apt-cache', [...options, 'depends', '--recurse', ...relations, ...wanted])
  const libraries = needed.split('\n').filter(name => /^(lib|zlib1g)/.test(name) && !unused.test(name))
  const packages = join(folder, 'packages')
  await mkdir(packages)
  await run('apt-get', [...options, '-qq', 'download', ...wanted, ...new Set(libraries)], { cwd: packages })
  return (await readdir(packages)).map(name => join(packages, name))
}

/** The mirror that this machine's apt uses; no mirror is named here, so that a company's own one is respected. */
async function debianMirror(): Promise<string> {
  const repositories = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  const mirror = repositories.split('\n').find(uri => /\/debian\/?$/.test(uri))
  if (mirror === undefined) throw new Error("apt's sources name no mirror of Debian (a URL that ends in /debian).")
  return mirror
}

/** Makes the unpacked files runnable in any place: each program becomes a script that starts it under its own loader. */
async function arrange(root: string, { folder, loader }: { folder: string; loader: string }): Promise<void> {
  const libraries = join(root, 'usr/lib', folder)
  const old = join(root, 'lib', folder)
  if (existsSync(old)) await cp(old, libraries, { recursive: true, verbatimSymlinks: true })
  await rm(join(root, 'usr/lib/postgresql', major, 'lib/llvmjit.so'), { force: true })
  const programs = programsIn(root)
  await mkdir(join(programs, 'real'))
  for (const entry of await readdir(programs, { withFileTypes: true })) {
    const path = join(programs, entry.name)
    if (!entry.isFile() || !(await isBinary(path))) continue
    await rename(path, join(programs, 'real', entry.name))
    const script = [
      '#!/bin/sh',
      'here=$(dirname "$0")',
      `libraries=$here/../../../${folder}`,
      `exec "$libraries/${loader}" --argv0 "$0" --library-path "$libraries" "$here/real/${basename(path)}" "$@"`,
    ]
    await writeFile(path, `${script.join('\n')}\n`)
    await chmod(path, 0o755)
  }
}

async function isBinary(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('latin1') === '\u007fELF'
  } finally {
    await file.close()
  }
}
