import { type logCreator, logLevel } from 'kafkajs'
import type { Logger } from '#ports/logger.ts'

/** The same line comes at most this often; kafkajs repeats itself at every try. */
const repeatAfterMs = 30_000
const linesRemembered = 200

/**
 * What is no news: a warning at every start of a producer (the publisher has its own way to go on after a failed send),
 * answers that kafkajs tries again after, such as that a coordinator is loading, and what is thrown as FeedUnavailable.
 */
const noise = ['Limiting retries for the idempotent producer', 'Response ', 'Crash: ']

/** Of what kafkajs adds to its lines only these go on: none can hold a secret or an event. */
const fieldNames = [
  'broker',
  'clientId',
  'groupId',
  'memberId',
  'topic',
  'partition',
  'error',
  'retryCount',
]

/**
 * Passes kafkajs's lines on: its errors as warnings (the adapter says itself what failed), the rest as debug lines.
 * Once the client is discarded, what it complains of is what was wanted.
 */
export function kafkaLogCreator(logger: Logger, isDiscarded: () => boolean): logCreator {
  const saidAt = new Map<string, number>()
  return () =>
    ({ namespace, level, log }) => {
      const { message } = log
      if (isDiscarded() || noise.some((start) => message.startsWith(start))) return
      const line = `kafkajs ${namespace}: ${message}`
      if (level !== logLevel.ERROR) return logger.debug(fieldsOf(log), line)
      const now = performance.now()
      const before = saidAt.get(line)
      if (before !== undefined && now - before < repeatAfterMs) return
      if (saidAt.size >= linesRemembered) saidAt.clear()
      saidAt.set(line, now)
      logger.warn(fieldsOf(log), line)
    }
}

function fieldsOf(log: Readonly<Record<string, unknown>>): object {
  const known = fieldNames.flatMap((name) => {
    const value = log[name]
    return typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : []
  })
  return Object.fromEntries(known)
}
