import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '#bench/daybook.ts'
import { type Figure, judged } from '#bench/figure.ts'
import { fillFolder, project } from '#bench/filled-log.ts'
import type { Settings } from '#bench/settings.ts'

const eventsByDefault = 100_000

/** What a transaction takes on the disk: in the log alone, and with all read models. */
export async function measure({ events }: Settings): Promise<readonly Figure[]> {
  using folder = temporaryFolder()
  const filled = await fillFolder(folder.path, events ?? eventsByDefault)
  const log = bytesIn(folder.path)
  await project(folder.path)
  const whole = bytesIn(folder.path)
  const unit = 'bytes'
  const of = `of ${filled.toLocaleString('en-US')} transactions`
  return [
    judged({
      name: 'disk-log',
      what: `a transaction in the log, ${of}`,
      value: log / filled,
      unit,
    }),
    judged({
      name: 'disk-whole',
      what: `a transaction in the log and in all read models, ${of}`,
      value: whole / filled,
      unit,
    }),
  ]
}

/** Of all files, once the program has ended and written its journals back. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
