import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareEventLog } from '#adapters/sqlite/event-log-file.ts'
import { openSqliteEventLogReading } from '#adapters/sqlite/event-log-reading.ts'
import { intactLog } from '#compose/intact-log.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { startProgram } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

/** Has the program write a log of a few ledgers, until `answers` requests were answered, and stops it. */
export async function writtenBefore(
  folder: string,
  ledgerIds: readonly string[],
  answers: number,
): Promise<Load> {
  await using program = await startProgram(folder)
  using api = new ApiClient(program.url)
  const load = new Load(ledgerIds)
  await load.prepare(api)
  const stop = new AbortController()
  const running = load.run(api, stop.signal, 4)
  await load.acknowledges(answers, 60_000)
  stop.abort()
  await running
  await load.settle(api)
  await program.stop()
  return load
}

/** Changes one bit of a file that nobody has open. */
export function flipBit(path: string, at: { readonly byte: number; readonly bit: number }): void {
  const bytes = readFileSync(path)
  bytes[at.byte] = (bytes[at.byte] ?? 0) ^ (1 << at.bit)
  writeFileSync(path, bytes)
}

/** Where some text stands in a data folder's log for the first time. */
export function placeOf(folder: string, text: string): number {
  const at = readFileSync(logOf(folder)).indexOf(text)
  if (at < 0) throw new Error(`${text} is not in the log`)
  return at
}

export function logOf(folder: string): string {
  return join(folder, 'data', 'log.db')
}

/** The bytes of every event that can be read, by ledger and revision, and in which words the rest was refused. */
export type LogSeen = {
  readonly events: ReadonlyMap<string, string>
  readonly refusals: readonly string[]
}

/** Reads a log in every way that the program does: each of the streams, and all of it. */
export async function everythingSeen(data: string, streams: readonly string[]): Promise<LogSeen> {
  const events = new Map<string, string>()
  const refusals: string[] = []
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof Error)) throw error
      refusals.push(`${error.name}: ${error.message}`)
    }
  }
  await attempt(async () => {
    using reading = await openSqliteEventLogReading(await prepareEventLog(data))
    const log = intactLog(reading, recordingLogger().logger)
    for (const stream of streams)
      await attempt(async () => {
        for (let from = 0n; ; ) {
          const page = await log.readStream(stream, from, 100)
          for (const { revision, json } of page) events.set(`${stream} ${revision}`, json)
          if (page.length === 0) return
          from += BigInt(page.length)
        }
      })
    await attempt(async () => {
      for (let after: bigint | undefined; ; ) {
        const page = await log.readAll(after, 100)
        for (const { stream, revision, json } of page) events.set(`${stream} ${revision}`, json)
        if (page.length === 0) return
        after = page.at(-1)?.position
      }
    })
  })
  return { events, refusals }
}
