import { convertToCommandError, ErrorType, isCommandError } from '@eventstore/db-client'
import type { Address } from '#adapters/eventstoredb/address.ts'
import { AppendOutcomeUnknown, EventStoreUnavailable } from '#ports/event-store.ts'

/** What the server refuses before it stores anything. */
const refusals: ReadonlySet<string> = new Set<string>([
  ErrorType.NOT_LEADER,
  ErrorType.ACCESS_DENIED,
  ErrorType.STREAM_DELETED,
  ErrorType.INVALID_TRANSACTION,
  ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED,
  ErrorType.MISSING_REQUIRED_METADATA_PROPERTY,
])

const wrongExpectedVersion: string = ErrorType.WRONG_EXPECTED_VERSION

/** How the channel says that a call never got as far as a connection. */
const neverConnected = /No connection established|Name resolution failed/

/** Not even `toString` of a foreign error is needed beyond this. */
const detailsMax = 300

/** A call that failed, in words that hold nothing secret: `kind` is the client's name for it. */
export type Failure = { readonly kind: string; readonly details: string }

/** The port's error for an append: unavailable only where certainly nothing was stored. */
export function appendFailure(address: Address, failure: Failure, sent: boolean): Error {
  const text = `appending to ${address.description} failed: ${wordsOf(failure)}`
  const nothingStored = !sent || refusals.has(failure.kind) || neverConnected.test(failure.details)
  return nothingStored ? new EventStoreUnavailable(text) : new AppendOutcomeUnknown(text)
}

export function readFailure(address: Address, failure: Failure): EventStoreUnavailable {
  return new EventStoreUnavailable(
    `reading from ${address.description} failed: ${wordsOf(failure)}`,
  )
}

/** Older servers say so by an error; newer ones answer it. */
export function isWrongExpectedVersion({ kind }: Failure): boolean {
  return kind === wrongExpectedVersion
}

/** Takes what is worth telling from whatever was thrown; the error itself goes no further, it may hold anything. */
export function failureOf(error: unknown, { credentials }: Address): Failure {
  const details = textOf(error).slice(0, detailsMax)
  const secrets = credentials === undefined ? [] : secretsOf(credentials)
  return {
    kind: kindOf(error),
    details: secrets.reduce((text, secret) => text.replaceAll(secret, '***'), details),
  }
}

function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  try {
    const converted = convertToCommandError(error)
    return isCommandError(converted) ? converted.type : 'failed'
  } catch {
    // It throws at errors that lack what their kind should bring.
    return 'unknown'
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function wordsOf({ kind, details }: Failure): string {
  return details === '' ? kind : `${kind} (${details})`
}

function secretsOf({ username, password }: { username: string; password: string }): string[] {
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  return [basic, password, encodeURIComponent(password)]
}
