import streams, { type ReadReq, type ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { ServerWritableStream } from '@grpc/grpc-js'
import type { MemoryLog, Recorded } from '#test/support/eventstoredb/memory-log.ts'
import {
  caughtUp,
  checkpoint,
  confirmation,
  eventResponse,
  nameOf,
  notFoundResponse,
} from '#test/support/eventstoredb/messages.ts'

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>

/** What a filter considers between two checkpoints, if the client says nothing else. */
const windowDefault = 32

/** After everything there may ever be. */
const beyond = 2n ** 63n

/** A page of a stream or of all, forwards or backwards, from a place on, inclusive. */
export function answerRead(log: MemoryLog, call: ReadCall, preparedEarlierBy: bigint): void {
  const options = optionsOf(call)
  const stream = streamOf(options)
  const events = stream === undefined ? log.events : log.stream(stream)
  if (stream !== undefined && events.length === 0) {
    call.write(notFoundResponse(stream))
    call.end()
    return
  }
  const from = placeOf(options)
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
  const ordered = backwards ? events.toReversed() : events
  const passes = filterOf(options)
  const page = ordered
    .filter((event) => (backwards ? at(event, stream) <= from : at(event, stream) >= from))
    .filter(passes)
    .slice(0, Number(options.getCount()))
  for (const event of page) call.write(eventResponse(event, event.position - preparedEarlierBy))
  call.end()
}

/** What comes after a place, exclusive, and then what is stored; until the client or the answered function ends it. */
export function answerSubscription(log: MemoryLog, call: ReadCall): () => void {
  const options = optionsOf(call)
  const stream = streamOf(options)
  const passes = filterOf(options)
  const window = options.getFilter()?.getMax() || windowDefault
  const checkpointEvery = window * (options.getFilter()?.getCheckpointintervalmultiplier() ?? 1)
  let considered = 0
  const tell = (event: Recorded) => {
    if (stream !== undefined && event.stream !== stream) return
    considered += 1
    if (passes(event)) call.write(eventResponse(event))
    if (options.hasFilter() && considered % checkpointEvery === 0) call.write(checkpoint(event))
  }
  const events = stream === undefined ? log.events : log.stream(stream)
  const from = startOf(options, stream, events)
  call.write(confirmation())
  for (const event of events.filter((each) => at(each, stream) > from)) tell(event)
  call.write(caughtUp())
  const stop = log.listen(tell)
  call.on('cancelled', stop)
  return () => {
    stop()
    call.end()
  }
}

function optionsOf(call: ReadCall): ReadReq.Options {
  const options = call.request.getOptions()
  if (options === undefined) throw new Error('a read without options')
  return options
}

function streamOf(options: ReadReq.Options): string | undefined {
  const stream = options.getStream()
  return stream === undefined ? undefined : nameOf(stream.getStreamIdentifier())
}

function at(event: Recorded, stream: string | undefined): bigint {
  return stream === undefined ? event.position : event.revision
}

/** The place to read from: one that is given, or beyond either end. */
function placeOf(options: ReadReq.Options): bigint {
  const stream = options.getStream()
  const all = options.getAll()
  if (stream?.hasRevision() === true) return BigInt(stream.getRevision())
  const position = all?.getPosition()
  if (position !== undefined) return BigInt(position.getCommitPosition())
  return stream?.hasEnd() === true || all?.hasEnd() === true ? beyond : 0n
}

function startOf(
  options: ReadReq.Options,
  stream: string | undefined,
  events: readonly Recorded[],
): bigint {
  const fromStart =
    options.getStream()?.hasStart() === true || options.getAll()?.hasStart() === true
  if (fromStart) return -1n
  const place = placeOf(options)
  const last = events.at(-1)
  return place === beyond ? (last === undefined ? -1n : at(last, stream)) : place
}

/** By prefixes or by a regular expression, on the stream's name or on the event's type. */
function filterOf(options: ReadReq.Options): (event: Recorded) => boolean {
  const filter = options.getFilter()
  if (filter === undefined) return () => true
  const expression = filter.getStreamIdentifier() ?? filter.getEventType()
  const subject = (event: Recorded) => (filter.hasEventType() ? event.type : event.stream)
  const regex = expression?.getRegex() ?? ''
  if (regex !== '') return (event) => new RegExp(regex).test(subject(event))
  const prefixes = expression?.getPrefixList() ?? []
  return (event) => prefixes.some((prefix) => subject(event).startsWith(prefix))
}
