import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { accepts } from '#test/support/servers/free-port.ts'
import { endLeftovers } from '#test/support/servers/leftovers.ts'

const endMsMax = 10_000

/** Starts a server, says its port, and stays until it is ended. */
const program = `
  const { startMongodb } = await import(process.argv[1])
  const { port } = await startMongodb()
  console.log(port)
  setInterval(() => {}, 1_000)
`

describeWith(['mongodb-process'], 'a server whose owner ends', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends with it by %s', async (name) => {
    const { owner, port } = await startOwner()
    owner.kill(name)
    await once(owner, 'exit')
    await expect.poll(() => accepts(port), { timeout: endMsMax }).toBe(false)
  })

  it('is ended by the next run where its owner was killed', async () => {
    const { owner, port } = await startOwner()
    endLeftovers()
    expect(await accepts(port)).toBe(true)

    owner.kill('SIGKILL')
    await once(owner, 'exit')
    expect(await accepts(port)).toBe(true)

    endLeftovers()
    await expect.poll(() => accepts(port), { timeout: endMsMax }).toBe(false)
  })
})

async function startOwner(): Promise<{ owner: ChildProcess; port: number }> {
  const module = join(import.meta.dirname, 'mongodb.ts')
  const given = ['--input-type=module', '--eval', program, module]
  const owner = spawn(process.execPath, given, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: owner.stdout }), 'line')
  return { owner, port: Number(line) }
}
