import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A server in this process that speaks EventStoreDB's protocol. */
export type EventStoreDouble = AsyncDisposable & {
  /** `esdb://127.0.0.1:PORT?tls=false` */
  readonly url: string
}

/** What the double's module must export. */
export type EventStoreDoubleModule = {
  readonly startEventStoreDouble: () => Promise<EventStoreDouble>
}

const module = join(import.meta.dirname, '../eventstoredb/start.ts')

/** Whether there is a double. */
export function canStartDouble(): boolean {
  return existsSync(module)
}

/** Starts the double in this process. */
export async function startDouble(): Promise<EventStoreDouble> {
  const { startEventStoreDouble }: EventStoreDoubleModule = await import(pathToFileURL(module).href)
  return await startEventStoreDouble()
}
