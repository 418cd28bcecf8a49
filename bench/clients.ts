import process from 'node:process'
import { z } from 'zod'
import type { Asking } from '#bench/load/requests.ts'
import { run, type Server } from '#bench/processes.ts'

const loadedSchema = z.object({
  /** Of what was accepted, each transaction of a batch by itself. */
  perSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  statuses: z.record(z.string(), z.number()),
  /** What the clients themselves had of the processors. */
  cpuSeconds: z.number(),
})

export type Loaded = z.infer<typeof loadedSchema>

type Shape = {
  readonly asking: Asking
  readonly connections: number
  readonly seconds: number
  /** So many a second, whatever the answers do; undefined: as many as the connections carry. */
  readonly perSecond?: number
}

let runs = 0

/** Puts a server under load and tells what it answered. @throws where it accepted nothing at all. */
export async function load({ url }: Pick<Server, 'url'>, shape: Shape): Promise<Loaded> {
  runs += 1
  const settings = { ...shape, url, run: `run-${process.pid}-${runs}` }
  const printed = await run('bench/load.ts', [JSON.stringify(settings)])
  const loaded = loadedSchema.parse(JSON.parse(printed))
  if (loaded.perSecond === 0)
    throw new Error(`nothing was accepted: ${JSON.stringify(loaded.statuses)}`)
  if (Object.keys(loaded.statuses).some((status) => !status.startsWith('2')))
    process.stderr.write(`bench: not all was accepted: ${JSON.stringify(loaded.statuses)}\n`)
  return loaded
}

/** Takes both in turn, so often, and gives what each gave, in order. */
export async function inTurn<One, Other>(
  rounds: number,
  one: () => Promise<One> | One,
  other: () => Promise<Other> | Other,
): Promise<readonly [readonly One[], readonly Other[]]> {
  const ones: One[] = []
  const others: Other[] = []
  for (let round = 0; round < rounds; round += 1) {
    ones.push(await one())
    others.push(await other())
  }
  return [ones, others]
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** The median rate of several loads. */
export function rate(loaded: readonly Loaded[]): number {
  return median(loaded.map(({ perSecond }) => perSecond))
}
