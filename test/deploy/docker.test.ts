import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config.ts'
import { commands } from '../../src/serve/cli/commands.ts'

const project = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(project, path), 'utf8')

interface Service {
  readonly image?: string
  readonly build?: string
  readonly command?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly healthcheck: { readonly test: readonly string[] }
}
const compose = parse(read('docker-compose.yml')) as {
  services: { postgres: Service; tacit: Service }
  volumes: Record<string, unknown>
}
const { postgres, tacit } = compose.services
const names = commands.map(({ name }) => name)

test('compose gives Tacit a database with the user, password and name that PostgreSQL is set up with', () => {
  const url = new URL(tacit.environment.TACIT_DB!.replace(/\$\{POSTGRES_PASSWORD\}/, 'secret'))
  expect([url.username, url.password, url.pathname]).toEqual([
    postgres.environment.POSTGRES_USER,
    'secret',
    `/${postgres.environment.POSTGRES_DB}`,
  ])
  expect(url.hostname in compose.services).toBe(true)
  expect(postgres.environment.POSTGRES_PASSWORD).toMatch(/^\$\{POSTGRES_PASSWORD:\?/)
  expect(tacit.depends_on).toHaveProperty(url.hostname)
})

test('compose sets only options that Tacit has, and publishes the port that it listens on', () => {
  const { config } = loadConfig({ environment: tacit.environment })
  expect(config.server.host).toBe('0.0.0.0')
  expect(tacit.ports).toEqual([`127.0.0.1:${config.server.port}:${config.server.port}`])
  expect(tacit.healthcheck.test.join(' ')).toContain(`:${config.server.port}/readyz`)
  expect(names).toContain(tacit.command![0])
})

test('every volume that a service uses is declared, and the keys are in one', () => {
  const used = [postgres, tacit].flatMap(({ volumes }) => volumes.map(volume => volume.split(':')))
  expect(used.map(([name]) => name).toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
  const keys = tacit.environment.TACIT_SERVER_KEYS_FILE!
  expect(used.some(([, folder]) => keys.startsWith(`${folder}/`))).toBe(true)
})

test('the image starts the command of the package, on a Node that the package allows, from files that exist', () => {
  const lines = read('Dockerfile').split('\n')
  const { bin, engines } = JSON.parse(read('package.json'))
  const argumentsOf = (word: string) =>
    lines.filter(line => line.startsWith(`${word} `)).map(line => line.slice(word.length + 1))
  expect(JSON.parse(argumentsOf('ENTRYPOINT').at(-1)!)).toEqual(['node', `/app/${bin.tacit}`])
  expect(names).toContain(JSON.parse(argumentsOf('CMD').at(-1)!)[0])
  const least = Number(/\d+/.exec(engines.node)![0])
  for (const image of argumentsOf('FROM')) expect(Number(/^node:(\d+)-/.exec(image)![1])).toBeGreaterThanOrEqual(least)
  expect(argumentsOf('EXPOSE')).toEqual([`${loadConfig().config.server.port}`])
  const copied = argumentsOf('COPY').flatMap(line => line.split(' ').slice(0, -1))
  const ours = copied.filter(path => !path.startsWith('-') && !path.startsWith('/app'))
  expect(ours.filter(path => !existsSync(join(project, path)))).toEqual([])
})

test('the commands on the page about Docker are commands of Tacit', () => {
  const page = read('docs/docker.md')
  const run = [...page.matchAll(/docker compose run --rm tacit (\w+)|tacit:\/data tacit (\w+)/g)].map(
    match => match[1] ?? match[2],
  )
  expect(run.length).toBeGreaterThan(3)
  expect(run.filter(name => !names.includes(name!))).toEqual([])
})
