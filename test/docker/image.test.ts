import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { subcommands } from '#cli/subcommands.ts'
import { parseConfig } from '#config.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'

const root = join(import.meta.dirname, '../..')
const dockerfile = read('docker/Dockerfile').replaceAll(/\\\n */g, '')
const manifest: {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
} = JSON.parse(read('package.json'))

/** The arguments of an instruction, each time it stands there. */
const instructions = (name: string) =>
  [...dockerfile.matchAll(new RegExp(`^ *(?:.* )?${name} (.*)$`, 'gm'))].map(
    ([, rest = '']) => rest,
  )

/** What is copied from the repository's folder into the image's last stage. */
const copied = instructions('COPY')
  .filter((rest) => !rest.startsWith('--from'))
  .flatMap((rest) => rest.split(' ').slice(0, -1))

describe('the image', () => {
  it('has the Node that the tests have, pinned', () => {
    const from = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
    const image = `node:${manifest.devDependencies['node']}-bookworm-slim`
    expect(from).toEqual([image, image])
  })

  it('copies what is there and what .dockerignore lets through', () => {
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([])
    const through = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path]) => path)
    expect(new Set(through)).toEqual(new Set(copied))
  })

  it('runs a command of the program, and a health check that is in it', () => {
    const [entry = ''] = instructions('ENTRYPOINT')
    const [, main = '']: string[] = JSON.parse(entry)
    const [command = '']: string[] = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)?.[1] ?? '[]')
    const check = /^HEALTHCHECK .*CMD .*"(\/app\/[^"]+)"/m.exec(dockerfile)?.[1] ?? ''
    for (const path of [main, check]) {
      const inRepository = path.replace('/app/', '')
      expect(existsSync(join(root, inRepository))).toBe(true)
      expect(
        copied.some((from) => inRepository === from || inRepository.startsWith(`${from}/`)),
      ).toBe(true)
    }
    expect(command in subcommands).toBe(true)
  })

  it('sets what the program takes, and is nobody of power', () => {
    const set = [...dockerfile.matchAll(/\b(DAYBOOK_\w+)=(\S+)/g)].map(([, name, value]) => [
      name,
      value,
    ])
    expect(parseConfig(Object.fromEntries(set))).toMatchObject({
      host: '0.0.0.0',
      dataFolder: '/data',
    })
    expect(instructions('USER')).toEqual(['1000:1000'])
  })

  it('has every package that the program imports', () => {
    const imported = globSync('src/**/*.ts', { cwd: root }).flatMap((path) =>
      [...read(path).matchAll(/(?:\bfrom |^import |\bimport\(|\brequire\()'([^'#.][^']*)'/gm)].map(
        ([, name = '']) => name,
      ),
    )
    const packages = imported.filter((name) => !isBuiltin(name)).map(packageOf)
    expect(packages.length).toBeGreaterThan(10)
    expect(packages.filter((name) => !(name in manifest.dependencies))).toEqual([])
  })
})

describe('the health check of the image', () => {
  it('says what the program says, and that nobody answers', async () => {
    await using folder = await temporaryFolder()
    await using program = await startProgram(folder.path)
    const { port } = new URL(program.url)
    expect(healthy(port, 'live')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('live'),
    })
    expect(healthy(port, 'ready')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('ready'),
    })
    expect(healthy(port, 'elsewhere').status).toBe(1)
    await program.stop()
    expect(healthy(port, 'live')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('/health/live'),
    })
  })
})

function healthy(port: string, what: string) {
  const script = join(root, 'docker/healthy.js')
  const env = { ...process.env, DAYBOOK_PORT: port }
  return spawnSync(process.execPath, [script, what], { env, encoding: 'utf8' })
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
