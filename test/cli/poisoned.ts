import { openLog } from '#compose/stores.ts'
import { parseConfig } from '#config.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { daybook, deposit, ndjson, openingRows } from '#test/cli/daybook.ts'
import { temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { rewritten } from '#test/support/stored-events.ts'

/** A ledger with an event at revision 4 that no program knows, and a right one behind it. */
export async function poisoned(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder()
  const rows = [...openingRows, deposit('100')]
  await daybook(['import', '-'], { folder: folder.path, input: ndjson(rows) })
  await using store = await openLog(configOf(folder), recordingLogger().logger)
  const stream = ledgerStream('acme')
  const [last] = await store.readStream(stream, 3n, 1)
  if (last === undefined) throw new Error('there is no event at revision 3')
  for (const [revision, type] of [
    [4n, 'TheftPlanned'],
    [5n, 'TransactionPosted'],
  ] as const) {
    const { id, json } = rewritten(last, (text) =>
      JSON.stringify({ ...JSON.parse(text), type, revision: `${revision}` }),
    )
    await store.append(stream, [{ id, type, json }], revision - 1n)
  }
  return folder
}

export function configOf({ path }: { readonly path: string }) {
  return parseConfig({ DAYBOOK_DATA: `${path}/data` })
}
