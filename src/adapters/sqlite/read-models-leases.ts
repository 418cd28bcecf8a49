import type { ReadModelConnection } from '#adapters/sqlite/read-models-connection.ts'
import { integerOf, textOf } from '#adapters/sqlite/read-models-rows.ts'
import type { Lease } from '#ports/read-models.ts'

export function readLease(connection: ReadModelConnection, name: string): Lease | undefined {
  const text = 'SELECT holder, beat FROM leases WHERE name = ?'
  const row = connection.one({ text, values: [name] })
  return row === undefined
    ? undefined
    : { holder: textOf(row, 'holder'), beat: integerOf(row, 'beat') }
}

type Move = { readonly name: string; readonly seen: Lease | undefined; readonly holder: string }

/** Gives the lease on where it still is as seen; false where somebody else was first. */
export function moveLease(connection: ReadModelConnection, { name, seen, holder }: Move): boolean {
  if (seen === undefined) {
    const text = 'INSERT INTO leases VALUES (?, ?, 1) ON CONFLICT DO NOTHING'
    return connection.prepare(text).run(name, holder).changes === 1n
  }
  const text = `UPDATE leases SET holder = ?, beat = beat + 1
    WHERE name = ? AND holder = ? AND beat = ?`
  return connection.prepare(text).run(holder, name, seen.holder, seen.beat).changes === 1n
}
