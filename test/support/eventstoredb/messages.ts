import codes from '@eventstore/db-client/generated/code_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import status, { type Status } from '@eventstore/db-client/generated/status_pb.js'
import streams, {
  type AppendReq,
  type AppendResp,
  type BatchAppendReq,
  type BatchAppendResp,
  type ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js'
import any from 'google-protobuf/google/protobuf/any_pb.js'
import empty from 'google-protobuf/google/protobuf/empty_pb.js'
import type {
  Expected,
  Outcome,
  Proposed,
  Recorded,
} from '#test/support/eventstoredb/memory-log.ts'

/** What an append says before its events. */
export type AppendHeader = { readonly stream: string; readonly expected: Expected }

const ticksPerMs = 10_000n

export function nameOf(identifier: shared.StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString()
}

export function appendHeader(options: AppendReq.Options): AppendHeader {
  return {
    stream: nameOf(options.getStreamIdentifier()),
    expected: options.hasRevision()
      ? BigInt(options.getRevision())
      : byName(options.hasNoStream(), options.hasStreamExists()),
  }
}

export function batchHeader(options: BatchAppendReq.Options): AppendHeader {
  return {
    stream: nameOf(options.getStreamIdentifier()),
    expected: options.hasStreamPosition()
      ? BigInt(options.getStreamPosition())
      : byName(options.hasNoStream(), options.hasStreamExists()),
  }
}

export function proposedOf(
  message: AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage,
): Proposed {
  return {
    id: message.getId()?.getString() ?? '',
    type: message.getMetadataMap().get('type') ?? '',
    contentType: message.getMetadataMap().get('content-type') ?? '',
    data: message.getData_asU8(),
  }
}

/** The answer to a unary append; 24.10 tells an expected `no-stream` as the revision −1. */
export function appendResponse(outcome: Outcome, expected: Expected): AppendResp {
  const response = new streams.AppendResp()
  if (outcome.kind !== 'wrong-version') {
    const position = `${outcome.last.position}`
    return response.setSuccess(
      new streams.AppendResp.Success()
        .setCurrentRevision(`${outcome.last.revision}`)
        .setPosition(
          new streams.AppendResp.Position()
            .setCommitPosition(position)
            .setPreparePosition(position),
        ),
    )
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion()
  if (outcome.current === undefined) wrong.setCurrentNoStream(new shared.Empty())
  else wrong.setCurrentRevision(`${outcome.current}`)
  wrong.setExpectedRevision(`${BigInt.asUintN(64, typeof expected === 'bigint' ? expected : -1n)}`)
  return response.setWrongExpectedVersion(wrong)
}

export function batchResponse(
  request: BatchAppendReq,
  { stream, expected }: AppendHeader,
  outcome: Outcome,
): BatchAppendResp {
  const response = new streams.BatchAppendResp().setStreamIdentifier(
    new shared.StreamIdentifier().setStreamName(Buffer.from(stream)),
  )
  response.setCorrelationId(request.getCorrelationId())
  if (outcome.kind === 'wrong-version') return response.setError(wrongVersion(outcome, expected))
  const position = `${outcome.last.position}`
  return response.setSuccess(
    new streams.BatchAppendResp.Success()
      .setCurrentRevision(`${outcome.last.revision}`)
      .setPosition(
        new shared.AllStreamPosition().setCommitPosition(position).setPreparePosition(position),
      ),
  )
}

export function eventResponse(event: Recorded, prepared = event.position): ReadResp {
  const position = `${event.position}`
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(event.id))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(event.stream)))
    .setStreamRevision(`${event.revision}`)
    .setCommitPosition(position)
    .setPreparePosition(`${prepared}`)
    .setData(event.data)
  recorded
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.contentType)
    .set('created', `${BigInt(event.created) * ticksPerMs}`)
  const read = new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position)
  return new streams.ReadResp().setEvent(read)
}

export function notFoundResponse(stream: string): ReadResp {
  const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream))
  return new streams.ReadResp().setStreamNotFound(
    new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier),
  )
}

export function confirmation(): ReadResp {
  const id = crypto.randomUUID()
  return new streams.ReadResp().setConfirmation(
    new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(id),
  )
}

export function caughtUp(): ReadResp {
  return new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp())
}

export function checkpoint({ position }: Recorded): ReadResp {
  return new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint()
      .setCommitPosition(`${position}`)
      .setPreparePosition(`${position}`),
  )
}

function byName(noStream: boolean, streamExists: boolean): Expected {
  if (noStream) return 'no-stream'
  return streamExists ? 'stream-exists' : 'any'
}

function wrongVersion(
  { current }: { readonly current: bigint | undefined },
  expected: Expected,
): Status {
  const wrong = new shared.WrongExpectedVersion()
  if (current === undefined) wrong.setCurrentNoStream(new empty.Empty())
  else wrong.setCurrentStreamRevision(`${current}`)
  if (typeof expected === 'bigint') wrong.setExpectedStreamPosition(`${expected}`)
  else wrong.setExpectedNoStream(new empty.Empty())
  const details = new any.Any()
  details.pack(wrong.serializeBinary(), 'event_store.client.WrongExpectedVersion')
  return new status.Status().setCode(codes.Code.FAILED_PRECONDITION).setDetails(details)
}
