import { setTimeout as sleep } from 'node:timers/promises'
import type { Side } from '#cli/rebuild/compare.ts'
import { ledgerOfStream, ledgerStream } from '#events/stream-names.ts'
import type { EventStore } from '#ports/event-store.ts'
import type { Checkpoint, Parked } from '#ports/read-models.ts'
import { neverBegun } from '#projections/runtime/fold.ts'
import { allStreams } from '#projections/runtime/projection-statuses.ts'
import type { LedgerId } from '#values/ids.ts'

/** A ledger that stands elsewhere in what serves than the log says, in words. Not wrong while a projector is at work on it. */
export type Deviation = {
  readonly ledgerId: LedgerId
  readonly sentence: string
  readonly isWrong: boolean
}

type Log = Pick<EventStore, 'head' | 'streams'>

/** The two builds of one model; `follow` brings what was built up to the log. */
export type Pair = {
  readonly live: Side
  readonly built: Side
  readonly follow: () => Promise<void>
}

/** So long it is looked whether a projector moves on what stands elsewhere. */
const patienceMs = 5_000
const pollMs = 500

/**
 * What stands elsewhere of each pair, ledgers that only the log has or only the read models included. What is behind is
 * wrong only where nothing of that model moves on.
 */
export async function deviationsOf(
  log: Log,
  pairs: readonly Pair[],
  { patience = patienceMs, signal }: { readonly patience?: number; readonly signal: AbortSignal },
): Promise<readonly (readonly Deviation[])[]> {
  const streams = await allStreams(log)
  const ledgers = streams.map(ledgerOfStream).filter((ledgerId) => ledgerId !== undefined)
  return Promise.all(
    pairs.map(async (pair) => {
      let { found, live } = await look(log, pair, ledgers)
      const first = live
      let moves = false
      for (let waited = 0; waited < patience && found.some(mayMove(moves)); waited += pollMs) {
        await pair.follow()
        await sleep(pollMs, undefined, { signal })
        ;({ found, live } = await look(log, pair, ledgers))
        moves ||= hasMoved(first, live)
      }
      return found.map((each) => told(each, moves))
    }),
  )
}

/** `stands`: where it should not, or not yet; `behind`: only less far; `wrong`: nothing can mend it but a rebuild. */
type Found = {
  readonly ledgerId: LedgerId
  readonly kind: 'wrong' | 'stands' | 'behind'
  readonly sentence: string
}

function mayMove(moves: boolean): (found: Found) => boolean {
  return ({ kind }) => kind === 'stands' || (kind === 'behind' && !moves)
}

function told({ ledgerId, kind, sentence }: Found, moves: boolean): Deviation {
  if (kind !== 'behind') return { ledgerId, sentence, isWrong: true }
  const going = moves ? 'while a projector is at work' : 'and nothing moves it on'
  return { ledgerId, sentence: `${sentence}, ${going}`, isWrong: !moves }
}

type Checkpoints = ReadonlyMap<LedgerId, Checkpoint>

function hasMoved(before: Checkpoints, after: Checkpoints): boolean {
  return [...after].some(([id, { revision }]) => revision > (before.get(id)?.revision ?? -1n))
}

/** What was built is read first: what serves is further then, if anything. */
async function look(log: Log, { live, built }: Pair, ledgersOfLog: readonly LedgerId[]) {
  const made = await built.readModels.checkpoints(built.model)
  const stored = await live.readModels.ledgers(live.model)
  const serving = await live.readModels.checkpoints(live.model)
  const ledgers = new Set([...ledgersOfLog, ...made.keys(), ...serving.keys(), ...stored])
  const found: Found[] = []
  for (const ledgerId of [...ledgers].toSorted()) {
    const [own, should] = [serving.get(ledgerId), made.get(ledgerId)]
    if (own !== undefined && should !== undefined && isSame(own, should)) continue
    const head = await log.head(ledgerStream(ledgerId))
    const said = deviation(own, should, head === 'no-stream' ? -1n : head)
    if (said !== undefined) found.push({ ledgerId, ...said })
  }
  return { found, live: serving }
}

function isSame(one: Checkpoint, other: Checkpoint): boolean {
  return (
    one.revision === other.revision &&
    one.recordedAt === other.recordedAt &&
    one.parked?.revision === other.parked?.revision
  )
}

type Said = Omit<Found, 'ledgerId'>

/** The end of the log is -1 where it has none of the ledger. */
function deviation(
  live: Checkpoint = neverBegun,
  built: Checkpoint = neverBegun,
  head: bigint,
): Said | undefined {
  const { revision } = live
  if (head < 0n) return { kind: 'wrong', sentence: 'the log has no such ledger' }
  if (revision > head)
    return { kind: 'wrong', sentence: `has applied revision ${revision}, the log ends at ${head}` }
  const behind = built.revision - revision
  if (behind === 0n && live.recordedAt !== built.recordedAt)
    return {
      kind: 'wrong',
      sentence: `says that revision ${revision} is of ${live.recordedAt}, the log says ${built.recordedAt}`,
    }
  if (behind <= 0n || live.parked !== undefined) return parkedOtherwise(live.parked, built.parked)
  const since = revision < 0n ? 'nothing of it is applied' : `applied up to revision ${revision}`
  return { kind: 'behind', sentence: `${since}, ${behind} events behind` }
}

function parkedOtherwise(live: Parked | undefined, built: Parked | undefined): Said | undefined {
  if (live?.revision === built?.revision) return undefined
  const own = live === undefined ? 'is not parked' : `is parked at revision ${live.revision}`
  const log =
    built === undefined
      ? 'lets it go on'
      : `parks it at revision ${built.revision}: ${built.reason}`
  return { kind: 'stands', sentence: `${own}, the log ${log}` }
}
