import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { subcommands } from '#cli/subcommands.ts'
import { parseConfig } from '#config.ts'

const root = join(import.meta.dirname, '../..')

const healthcheck = z.object({ test: z.array(z.string()) })
const limits = z.object({ cpus: z.string(), memory: z.string() })
const service = z.object({
  image: z.string(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  volumes: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  security_opt: z.array(z.string()),
  cap_drop: z.array(z.string()),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck,
  deploy: z.object({ resources: z.object({ limits }) }),
})

const compose = z
  .object({
    services: z.record(z.string(), service),
    networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
    volumes: z.record(z.string(), z.object({})),
  })
  .parse(parse(read('docker/compose.yaml'), { merge: true }))

const services = Object.entries(compose.services)
const ours = services.filter(([, { image }]) => image.startsWith('daybook:'))

describe('docker/compose.yaml', () => {
  it('pins every image to a version', () => {
    const loose = services.filter(([, { image }]) => !/:\d+\.\d+\.\d+(-[a-z]+)?$/.test(image))
    expect(loose).toEqual([])
    const { version }: { version: string } = JSON.parse(read('package.json'))
    expect(new Set(ours.map(([, { image }]) => image))).toEqual(new Set([`daybook:${version}`]))
  })

  it('has every role, by commands of the program', () => {
    const commands = ours.map(([, { command }]) => command[0] ?? '')
    expect(new Set(commands)).toEqual(new Set(['api', 'relay', 'projector', 'sweeper']))
    expect(commands.filter((name) => !(name in subcommands))).toEqual([])
  })

  it.each(ours)(
    'gives %s settings that the program takes, and servers that are there',
    (_, role) => {
      const { eventStore, feed, readModels, cursorSecret } = parseConfig(inserted(role.environment))
      expect([eventStore.engine, feed.engine, readModels.engine]).toEqual([
        'eventstoredb',
        'kafka',
        'mongodb',
      ])
      expect(cursorSecret).toBeDefined()
      const hosts = Object.values(role.environment).flatMap(
        (url) => /:\/\/([^:/]+):/.exec(url)?.[1] ?? [],
      )
      expect(hosts.toSorted()).toEqual(['eventstore', 'kafka', 'mongodb'])
      expect(hosts.filter((host) => !(host in compose.services))).toEqual([])
    },
  )

  it('lets the proxy know every API process', () => {
    const known = [...read('docker/nginx.conf').matchAll(/^ *server ([\w-]+):8080 /gm)].map(
      ([, name]) => name,
    )
    const apis = ours.filter(([, { command }]) => command[0] === 'api').map(([name]) => name)
    expect(known).toEqual(apis)
  })

  it('lets nothing in but through the proxy, from this machine', () => {
    const open = services.filter(([, { ports }]) => ports.length > 0)
    expect(open.map(([name, { ports }]) => [name, ports])).toEqual([
      ['proxy', ['127.0.0.1:8080:8080']],
    ])
    const outside = services.filter(([, { networks }]) =>
      networks.some((name) => compose.networks[name]?.internal !== true),
    )
    expect(outside.map(([name]) => name)).toEqual(['proxy'])
  })

  it('takes from every container what it does not need', () => {
    const free = services.filter(
      ([, { cap_drop, security_opt }]) =>
        !cap_drop.includes('ALL') || !security_opt.includes('no-new-privileges:true'),
    )
    expect(free).toEqual([])
    expect(
      [...ours, ['proxy', compose.services['proxy']] as const].filter(
        ([, one]) => one?.read_only !== true,
      ),
    ).toEqual([])
  })

  it('starts each service when those that it needs are healthy', () => {
    for (const [, { depends_on }] of [...ours, ...services.filter(([name]) => name === 'proxy')]) {
      const needed = Object.entries(depends_on)
      expect(needed.length).toBeGreaterThan(0)
      expect(
        needed.filter(
          ([name, { condition }]) => !(name in compose.services) || condition !== 'service_healthy',
        ),
      ).toEqual([])
    }
  })

  it('keeps data in volumes that it declares, and mounts files that are there', () => {
    const sources = services.flatMap(([, { volumes }]) =>
      volumes.map((volume) => volume.split(':')[0] ?? ''),
    )
    const missing = sources.filter((source) =>
      source.startsWith('.')
        ? !existsSync(join(root, 'docker', source))
        : !(source in compose.volumes),
    )
    expect(missing).toEqual([])
  })
})

/** As compose does it where nothing is set outside. */
function inserted(environment: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(environment)
  return Object.fromEntries(
    entries.map(([name, text]) => [name, text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')]),
  )
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
