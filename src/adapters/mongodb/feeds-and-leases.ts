import type { Db } from 'mongodb'
import { isDuplicate } from '#adapters/mongodb/errors.ts'
import { int64 } from '#adapters/mongodb/values.ts'
import type { Lease } from '#ports/read-models.ts'

type FeedRow = { readonly _id: string; readonly position: bigint }
type LeaseRow = Lease & { readonly _id: string }

const feeds = (database: Db) => database.collection<FeedRow>('feeds')
const leases = (database: Db) => database.collection<LeaseRow>('leases')

/** Where a feed of the log goes on reading. */
export async function readFeedPosition(database: Db, feed: string): Promise<bigint | undefined> {
  const row = await feeds(database).findOne({ _id: { $eq: feed } })
  return row?.position
}

export async function saveFeedPosition(
  database: Db,
  feed: string,
  position: bigint,
): Promise<void> {
  const update = { $set: { position: int64('a position', position) } }
  const save = () => feeds(database).updateOne({ _id: { $eq: feed } }, update, { upsert: true })
  try {
    await save()
  } catch (error) {
    // Two made the feed at once: now it is there.
    if (!isDuplicate(error)) throw error
    await save()
  }
}

export async function forgetFeedPosition(database: Db, feed: string): Promise<void> {
  await feeds(database).deleteOne({ _id: { $eq: feed } })
}

export async function readLease(database: Db, name: string): Promise<Lease | undefined> {
  const row = await leases(database).findOne({ _id: { $eq: name } })
  return row === null ? undefined : { holder: row.holder, beat: row.beat }
}

/** Gives the lease on where it still is as seen; false where somebody else was first. */
export async function moveLease(
  database: Db,
  { name, seen, holder }: { name: string; seen: Lease | undefined; holder: string },
): Promise<boolean> {
  if (seen === undefined) return firstLease(database, { _id: name, holder, beat: 1n })
  const filter = { _id: { $eq: name }, holder: { $eq: seen.holder }, beat: { $eq: seen.beat } }
  const next = { holder, beat: int64('a beat', seen.beat + 1n) }
  return (await leases(database).replaceOne(filter, next)).matchedCount === 1
}

async function firstLease(database: Db, row: LeaseRow): Promise<boolean> {
  try {
    await leases(database).insertOne(row)
    return true
  } catch (error) {
    if (isDuplicate(error)) return false
    throw error
  }
}
