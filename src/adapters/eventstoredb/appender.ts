import type { AppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Address } from '#adapters/eventstoredb/address.ts'
import type { Connection } from '#adapters/eventstoredb/connection.ts'
import {
  appendFailure,
  failureOf,
  isWrongExpectedVersion,
} from '#adapters/eventstoredb/failures.ts'
import type { Reader } from '#adapters/eventstoredb/reader.ts'
import { appendRequests } from '#adapters/eventstoredb/requests.ts'
import {
  AppendOutcomeUnknown,
  type EventToAppend,
  type ExpectedRevision,
  WrongExpectedRevision,
} from '#ports/event-store.ts'

export type AppenderParts = {
  readonly address: Address
  readonly connection: Connection
  readonly reader: Reader
  readonly streamPrefix: string
  readonly deadlineMs: number
}

export type Append = {
  readonly stream: string
  readonly events: readonly EventToAppend[]
  readonly expected: ExpectedRevision
}

/** Makes one append, under a deadline, and says in the port's terms what came of it. */
export class Appender {
  readonly #parts: AppenderParts

  constructor(parts: AppenderParts) {
    this.#parts = parts
  }

  /** @throws {WrongExpectedRevision | AppendOutcomeUnknown | EventStoreUnavailable} */
  async append(append: Append): Promise<bigint> {
    const response = await this.#send(append)
    if (response.hasWrongExpectedVersion()) throw refusalOf(append)
    return positionIn(response) ?? (await this.#readPosition(append))
  }

  async #send(append: Append): Promise<AppendResp> {
    const { connection, streamPrefix, deadlineMs } = this.#parts
    const { stream, events, expected } = append
    const requests = appendRequests(`${streamPrefix}${stream}`, events, expected)
    let sent = false
    try {
      return await connection.append(requests, { deadlineMs, leader: true }, () => {
        sent = true
      })
    } catch (error) {
      throw this.#failure(append, error, sent)
    }
  }

  #failure(append: Append, error: unknown, sent: boolean): Error {
    const { address } = this.#parts
    const failure = failureOf(error, address)
    return isWrongExpectedVersion(failure)
      ? refusalOf(append)
      : appendFailure(address, failure, sent)
  }

  /** Older servers leave the position out where the events were there already. */
  async #readPosition({ stream, events, expected }: Append): Promise<bigint> {
    const first = expected === 'no-stream' ? 0n : expected + 1n
    const revision = first + BigInt(events.length) - 1n
    try {
      const [last] = await this.#parts.reader.readStream(stream, revision, 1)
      if (last !== undefined) return last.position
    } catch (error) {
      throw new AppendOutcomeUnknown('what was appended could not be read back', { cause: error })
    }
    throw new AppendOutcomeUnknown('what was appended was not there when read back')
  }
}

function refusalOf({ stream, expected }: Append): WrongExpectedRevision {
  return new WrongExpectedRevision(stream, expected)
}

/** The position of the last event; both of the server's positions are the same for it. */
function positionIn(response: AppendResp): bigint | undefined {
  const position = response.getSuccess()?.getPosition()
  const commit = position?.getCommitPosition()
  return commit !== undefined && commit === position?.getPreparePosition()
    ? BigInt(commit)
    : undefined
}
