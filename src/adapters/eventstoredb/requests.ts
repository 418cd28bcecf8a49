import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams, {
  type AppendReq,
  type ReadReq,
} from '@eventstore/db-client/generated/streams_pb.js'
import type { EventToAppend, ExpectedRevision } from '#ports/event-store.ts'

const { Options } = streams.ReadReq

/** The messages of one append: its options, then each event with its bytes as they are, marked as JSON. */
export function appendRequests(
  stream: string,
  events: readonly EventToAppend[],
  expected: ExpectedRevision,
): AppendReq[] {
  const options = new streams.AppendReq.Options().setStreamIdentifier(streamNamed(stream))
  if (expected === 'no-stream') options.setNoStream(new shared.Empty())
  else options.setRevision(expected.toString())
  return [new streams.AppendReq().setOptions(options), ...events.map(proposed)]
}

/** A page of one stream, from a revision on. */
export function streamRequest(stream: string, from: bigint, limit: number): ReadReq {
  const place = new Options.StreamOptions()
    .setStreamIdentifier(streamNamed(stream))
    .setRevision(from.toString())
  return counted(common().setStream(place).setNoFilter(new shared.Empty()), limit)
}

/** The last event of one stream. */
export function lastRequest(stream: string): ReadReq {
  const place = new Options.StreamOptions()
    .setStreamIdentifier(streamNamed(stream))
    .setEnd(new shared.Empty())
  const options = common().setStream(place).setNoFilter(new shared.Empty())
  return counted(options.setReadDirection(Options.ReadDirection.BACKWARDS), 1)
}

/** A page of those streams whose names begin with one of the prefixes, from a position on, inclusive. */
export function allRequest(
  prefixes: readonly string[],
  from: bigint | undefined,
  limit: number,
): ReadReq {
  const place = new Options.AllOptions()
  if (from === undefined) place.setStart(new shared.Empty())
  else place.setPosition(positionOf(from))
  return counted(common().setAll(place).setFilter(filterOf(prefixes)), limit)
}

/** The last event of the whole log, whoever's it is; by a filter, which servers of long ago do not take. */
export function lastOfEverythingRequest(): ReadReq {
  return lastRequestOf(filterOn(new Options.FilterOptions.Expression().setRegex('.*')))
}

/** The last event of those streams whose names begin with one of the prefixes. */
export function lastOfAllRequest(prefixes: readonly string[]): ReadReq {
  return lastRequestOf(filterOf(prefixes))
}

function lastRequestOf(filter: ReadReq.Options.FilterOptions): ReadReq {
  const place = new Options.AllOptions().setEnd(new shared.Empty())
  const options = common().setAll(place).setFilter(filter)
  return counted(options.setReadDirection(Options.ReadDirection.BACKWARDS), 1)
}

/** What is stored from now on in streams whose names begin with one of the prefixes, without end. */
export function subscriptionRequest(prefixes: readonly string[]): ReadReq {
  const place = new Options.AllOptions().setEnd(new shared.Empty())
  const options = common().setAll(place).setFilter(filterOf(prefixes))
  return request(options.setSubscription(new Options.SubscriptionOptions()))
}

function proposed({ id, type, json }: EventToAppend): AppendReq {
  const message = new streams.AppendReq.ProposedMessage()
    .setId(new shared.UUID().setString(id))
    .setData(Buffer.from(json))
  message.getMetadataMap().set('type', type).set('content-type', 'application/json')
  return new streams.AppendReq().setProposedMessage(message)
}

function streamNamed(name: string) {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(name))
}

function positionOf(position: bigint) {
  const text = position.toString()
  return new Options.Position().setCommitPosition(text).setPreparePosition(text)
}

function filterOf(prefixes: readonly string[]) {
  return filterOn(new Options.FilterOptions.Expression().setPrefixList([...prefixes]))
}

function filterOn(streamNames: ReadReq.Options.FilterOptions.Expression) {
  return new Options.FilterOptions()
    .setStreamIdentifier(streamNames)
    .setCount(new shared.Empty())
    .setCheckpointintervalmultiplier(1)
}

function common() {
  return new Options()
    .setReadDirection(Options.ReadDirection.FORWARDS)
    .setResolveLinks(false)
    .setUuidOption(new Options.UUIDOption().setString(new shared.Empty()))
}

function counted(options: ReadReq.Options, limit: number): ReadReq {
  return request(options.setCount(limit.toString()))
}

function request(options: ReadReq.Options): ReadReq {
  return new streams.ReadReq().setOptions(options)
}
