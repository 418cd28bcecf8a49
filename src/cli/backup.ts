import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import process from 'node:process'
import { openExistingSqliteLog, logFileName } from '#cli/existing-log.ts'
import type { Subcommand } from '#cli/subcommand.ts'

/** Makes a folder that Daybook can start from: the log, and the secret that cursors are signed with. */
export const backup: Subcommand = {
  name: 'backup',
  summary: 'copy the log into a new folder while the server runs',
  positionals: ['FOLDER'],
  options: {},
  notes: [
    'Holds everything acknowledged up to its beginning. The copy is checked page by page before it appears, and never takes the place of another file. What a killed backup left in the folder is removed by the next one to it; one that is being made is not touched, and the second is refused. Read models are not in it: they are built from the log.',
    'To restore, start Daybook with DAYBOOK_DATA set to the folder, or to a copy of it.',
  ],
  logsTo: 2,

  async run({ arguments: { positionals }, config, logger }) {
    const folder = resolve(positionals[0] ?? '.')
    await using store = await openExistingSqliteLog(config, logger)
    await store.backup(join(folder, logFileName))
    if (config.cursorSecret === undefined && existsSync(config.cursorSecretFile))
      await copyFile(config.cursorSecretFile, join(folder, basename(config.cursorSecretFile)))
    process.stdout.write(`backed up to ${folder}\n`)
    process.stdout.write(`to restore: DAYBOOK_DATA=${quoted(folder)} daybook start\n`)
    return 0
  },
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
