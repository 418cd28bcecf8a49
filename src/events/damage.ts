import { eventId } from '#events/event-id.ts'
import { isOwnStream, ledgerOfStream } from '#events/stream-names.ts'

/** An event as a store gives it back: where it says that the bytes stood, and the bytes. */
type Stored = {
  readonly stream: string
  readonly revision: bigint
  readonly type: string
  readonly json: string
}

const idBefore = ',"id":"'
const idAfter = '",'
const idLength = 36

/**
 * Why an event of a ledger is not what was once written at its place; undefined where it is. The id is a digest of the
 * bytes around it, so no byte can change unnoticed. The program's own streams are not looked at.
 */
export function damageOf({ stream, revision, type, json }: Stored): string | undefined {
  const ledgerId = ledgerOfStream(stream)
  if (isOwnStream(stream)) return undefined
  if (ledgerId === undefined) return 'its stream is none of a ledger'
  const idEnd = sealEnd(json)
  if (idEnd === undefined) return 'its bytes have changed'
  const isHere =
    json.includes(`,"ledgerId":"${ledgerId}","recordedAt":"`, idEnd) &&
    json.includes(`,"revision":"${revision}","schemaVersion":`, idEnd) &&
    json.includes(`,"type":"${type}","writer":"`, idEnd)
  return isHere ? undefined : 'it is an event of another place'
}

/** Where the id ends in the canonical JSON of an event; undefined where it isn't the digest of the bytes around it. */
export function sealEnd(json: string): number | undefined {
  // The last member of that name is the envelope's own: after it come only members whose names are known.
  const at = json.lastIndexOf(idBefore)
  const idAt = at + idBefore.length
  const idEnd = idAt + idLength
  const around = json.slice(0, at + 1) + json.slice(idEnd + idAfter.length)
  const isWhole = at >= 0 && json.startsWith(idAfter, idEnd)
  return isWhole && eventId(around) === json.slice(idAt, idEnd) ? idEnd : undefined
}
