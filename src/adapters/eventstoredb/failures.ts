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

/** What a foreign error says beyond this is not worth telling. */
const detailsMax = 300

/** A call that failed: `kind` is the client's name for it, `details` the rest, and nothing in them is secret. */
export type Failure = { readonly kind: string; readonly details: string }

/** The port's error for an append: unavailable only where certainly nothing was stored. */
export function appendFailure(address: Address, failure: Failure, sent: boolean): Error {
  const nothingStored = !sent || refusals.has(failure.kind) || neverConnected.test(failure.details)
  return nothingStored
    ? new EventStoreUnavailable(`the event store takes no append now: ${failure.kind}`, {
        cause: causeOf(address, failure),
      })
    : new AppendOutcomeUnknown(`the event store did not answer an append: ${failure.kind}`, {
        cause: causeOf(address, failure),
      })
}

export function readFailure(address: Address, failure: Failure): EventStoreUnavailable {
  return new EventStoreUnavailable(`the event store can't be read now: ${failure.kind}`, {
    cause: causeOf(address, failure),
  })
}

/** For the log: where it failed and what was said there. The message above it may reach clients. */
function causeOf({ description }: Address, { details }: Failure): Error {
  return new Error(`${description}: ${details}`)
}

/** Older servers say so by an error; newer ones answer it. */
export function isWrongExpectedVersion({ kind }: Failure): boolean {
  return kind === wrongExpectedVersion
}

/** Takes what is worth telling from whatever was thrown; the error itself goes no further, it may hold anything. */
export function failureOf(error: unknown, { credentials }: Address): Failure {
  const secrets = credentials === undefined ? [] : secretsOf(credentials)
  const details = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), textOf(error))
  return { kind: kindOf(error), details: details.slice(0, detailsMax) }
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

function secretsOf({ username, password }: { username: string; password: string }): string[] {
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  return [basic, password, encodeURIComponent(password)]
}
