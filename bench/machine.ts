import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { z } from 'zod'
import { median } from '#bench/clients.ts'
import { temporaryFolder } from '#bench/daybook.ts'

/** What the figures were measured on; they say little without it. */
export const machineSchema = z.strictObject({
  cpu: z.string(),
  cores: z.number(),
  memoryGiB: z.number(),
  kernel: z.string(),
  node: z.string(),
  sqlite: z.string(),
  /** The median time in which the disk makes 4 KiB durable. */
  fsyncMs: z.number(),
})

export type Machine = z.infer<typeof machineSchema>

const syncs = 200
const pageBytes = 4_096

export function readMachine(): Machine {
  const [cpu] = cpus()
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.versions.node,
    sqlite: process.versions['sqlite'] ?? 'unknown',
    fsyncMs: Number(fsyncMs().toFixed(3)),
  }
}

/** Of the disk on which the data folders of this run are. */
function fsyncMs(): number {
  using folder = temporaryFolder()
  const file = openSync(join(folder.path, 'fsync'), 'w')
  try {
    const page = Buffer.alloc(pageBytes)
    const tookMs = Array.from({ length: syncs }, () => {
      writeSync(file, page)
      const begun = performance.now()
      fsyncSync(file)
      return performance.now() - begun
    })
    return median(tookMs)
  } finally {
    closeSync(file)
  }
}
