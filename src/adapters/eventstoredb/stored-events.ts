import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { StoredEvent } from '#ports/event-store.ts'

type Recorded = ReadResp.ReadEvent.RecordedEvent

/** Every byte, or a throw. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What the server says where it does not know a position: −1 as an unsigned number. */
const noPosition = 2n ** 64n - 1n

/** The event of a response, its stream's name without the prefix; undefined for what says something else. */
export function storedEvent(response: ReadResp, streamPrefix: string): StoredEvent | undefined {
  const recorded = response.getEvent()?.getEvent()
  if (recorded === undefined) return undefined
  const name = nameOf(recorded)
  const revision = BigInt(recorded.getStreamRevision())
  return {
    stream: name.slice(streamPrefix.length),
    revision,
    position: positionOf(recorded, `${name} ${revision}`),
    type: recorded.getMetadataMap().get('type') ?? '',
    json: utf8.decode(recorded.getData_asU8()),
  }
}

/** Whether the server made the event itself, e.g. to mark a deleted stream. */
export function isSystemEvent({ type }: StoredEvent): boolean {
  return type.startsWith('$')
}

function nameOf(recorded: Recorded): string {
  return Buffer.from(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()
}

/**
 * One number stands for both of the server's: they are the same for every event that was appended and not written in
 * the old kind of transaction, which we never make.
 */
function positionOf(recorded: Recorded, where: string): bigint {
  const commit = BigInt(recorded.getCommitPosition())
  const prepare = BigInt(recorded.getPreparePosition())
  if (commit === noPosition)
    throw new Error(`${where} came without its position: the server is too old`)
  if (commit !== prepare)
    throw new Error(
      `${where} has two positions, ${commit} and ${prepare}: it was not written by this program`,
    )
  return commit
}
