import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { makePipe } from '#test/support/pipe.ts'
import { temporaryFolder } from '#test/support/program.ts'

const floodPath = fileURLToPath(new URL('./logger-flood.ts', import.meta.url))

type Flood = AsyncDisposable & {
  readonly child: ChildProcess
  /** Read from here on. */
  read(): Readable
}

/** A process that has logged so many lines, of some 170 bytes, that nobody has read yet. */
async function aFlood(linesCount: number, into: 'pipe' | 'socket'): Promise<Flood> {
  await using making = new AsyncDisposableStack()
  const folder = making.use(await temporaryFolder())
  const pipe = into === 'pipe' ? making.use(makePipe(folder.path)) : undefined
  const child = spawn(process.execPath, [floodPath, `${linesCount}`], {
    stdio: ['pipe', pipe?.to ?? 'pipe', 'pipe'],
  })
  making.defer(() => void child.kill('SIGKILL'))
  const { stdout, stderr } = child
  if (stderr === null) throw new Error('the child has no output')
  await once(stderr, 'data')
  const made = making.move()
  const read = () => {
    const output = pipe?.read() ?? stdout
    if (output === null) throw new Error('the child has no output')
    return output
  }
  return { child, read, [Symbol.asyncDispose]: () => made.disposeAsync() }
}

describe.each(['pipe', 'socket'] as const)('a log into a %s that nobody reads', (into) => {
  it('keeps a bounded number of lines, and says how many are lost once it is read', async () => {
    await using flood = await aFlood(20_000, into)
    const lines = linesOf(flood.read())
    await until(() => lines.some((line) => line.includes('are lost')))
    flood.child.stdin?.end()
    expect(await once(flood.child, 'exit')).toEqual([3, null])
    await until(() => lines.some((line) => line.includes('the last line')))
    const logged = lines.map((line): Record<string, unknown> => JSON.parse(line))
    const kept = logged.filter((line) => 'line' in line)
    expect(kept.map(({ line }) => line)).toEqual([...kept.keys()])
    expect(logged.slice(kept.length).map(({ level, count, msg }) => [level, count, msg])).toEqual([
      ['error', 20_000 - kept.length, 'log lines are lost: nobody read them'],
      ['fatal', undefined, 'the last line'],
    ])
    const keptBytes = lines.slice(0, kept.length).join('\n').length
    expect(keptBytes).toBeGreaterThan(1024 * 1024)
    expect(keptBytes).toBeLessThan(2 * 1024 * 1024)
  }, 30_000)

  it('is printed whole at the end where somebody reads it then', async () => {
    await using flood = await aFlood(4_000, into)
    flood.child.stdin?.end()
    await sleep(200)
    const lines = linesOf(flood.read())
    expect(await once(flood.child, 'exit')).toEqual([3, null])
    await until(() => lines.length > 4_000)
    expect(lines.at(-1)).toContain('the last line')
    expect(lines).toHaveLength(4_001)
  }, 30_000)

  it('keeps nothing from ending', async () => {
    await using flood = await aFlood(4_000, into)
    const begunMs = performance.now()
    flood.child.stdin?.end()
    expect(await once(flood.child, 'exit')).toEqual([3, null])
    expect(performance.now() - begunMs).toBeLessThan(5_000)
  }, 30_000)
})

it('a log whose reader has gone is no reason to wait', async () => {
  await using flood = await aFlood(4_000, 'pipe')
  flood.read().destroy()
  flood.child.stdin?.end()
  expect(await once(flood.child, 'exit')).toEqual([3, null])
}, 30_000)

function linesOf(output: Readable): readonly string[] {
  const lines: string[] = []
  createInterface({ input: output }).on('line', (line) => lines.push(line))
  return lines
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(10)
}
