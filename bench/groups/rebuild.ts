import { performance } from 'node:perf_hooks'
import { temporaryFolder } from '#bench/daybook.ts'
import { type Figure, judged } from '#bench/figure.ts'
import { fillFolder, project } from '#bench/filled-log.ts'
import { run } from '#bench/processes.ts'
import type { Settings } from '#bench/settings.ts'
import { subcommands } from '#cli/subcommands.ts'

const eventsByDefault = 1_000_000

/** All read models of a log that has none, made by the program itself: its start counts too. */
export async function measure({ events }: Settings): Promise<readonly Figure[]> {
  using folder = temporaryFolder()
  const filled = await fillFolder(folder.path, events ?? eventsByDefault)
  const hasCommand = 'rebuild' in subcommands
  const begun = performance.now()
  if (hasCommand) await rebuildByCommand(folder.path)
  else await project(folder.path)
  const seconds = (performance.now() - begun) / 1000
  const way = hasCommand ? '`daybook rebuild --all`' : '`daybook projector` on a log without any'
  return [
    judged({
      name: 'rebuild',
      what: `all read models of ${filled.toLocaleString('en-US')} events, ${way}`,
      value: filled / seconds,
      unit: 'events/s',
      target: { of: 'value', atLeast: 30_000 },
    }),
  ]
}

async function rebuildByCommand(folder: string): Promise<void> {
  await run('src/main.ts', ['rebuild', '--all'], {
    DAYBOOK_DATA: folder,
    DAYBOOK_LOG_LEVEL: 'error',
  })
}
