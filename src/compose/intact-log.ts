import type { Log } from '#compose/stores.ts'
import { damageOf } from '#events/damage.ts'
import { isOwnStream } from '#events/stream-names.ts'
import type { Logger } from '#ports/logger.ts'
import { EventLogDamaged, type EventPlace, type StoredEvent } from '#ports/event-store.ts'

/**
 * The log for those who serve events or decide by them: no event comes out that is not what was written, and none is
 * passed over. A page ends before a damaged one; reading from there throws. Only damaged ledgers are hurt, but for
 * readers of all of them. What is `passed` comes out as it is: for those who skip it.
 * @throws {EventLogDamaged} besides what the log throws.
 */
export function intactLog<Reading extends Pick<Log, 'readStream' | 'readAll'>>(
  log: Reading,
  logger: Logger,
  passed: (place: EventPlace) => boolean = () => false,
): Reading {
  const sound = (page: readonly StoredEvent[], faultAt: (index: number) => Fault | undefined) => {
    for (const [index] of page.entries()) {
      const fault = faultAt(index)
      if (fault === undefined || passed(fault)) continue
      const { stream, revision, reason } = fault
      logger.error({ stream, revision: revision.toString(), reason }, 'the event log is damaged')
      if (index > 0) return page.slice(0, index)
      const message = `the event log is damaged at ${stream} revision ${revision}: ${reason}`
      throw new EventLogDamaged(message, { place: { stream, revision } })
    }
    return page
  }
  const readStream: Log['readStream'] = async (stream, from, limit) => {
    const page = await log.readStream(stream, from, limit)
    return sound(page, (index) => faultIn(page[index], { stream, revision: from + BigInt(index) }))
  }
  const readAll: Log['readAll'] = async (after, limit, signal) => {
    const page = await log.readAll(after, limit, signal)
    return sound(page, (index) => faultIn(page[index], page[index]))
  }
  return { ...log, readStream, readAll }
}

type Fault = EventPlace & { readonly reason: string }

/** What is wrong with an event, where another or none at all may have come instead of it. */
function faultIn(event: StoredEvent | undefined, place: EventPlace | undefined): Fault | undefined {
  if (event === undefined || place === undefined) return undefined
  const { stream, revision } = place
  if (isOwnStream(stream)) return undefined
  const isThere = event.stream === stream && event.revision === revision
  const reason = isThere ? damageOf(event) : 'it is missing'
  return reason === undefined ? undefined : { stream, revision, reason }
}
