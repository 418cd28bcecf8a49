import { type Column, plainColumn, revisionColumn } from '#commands/handler/books/columns.ts'
import { weightOfAmounts } from '#commands/handler/books/weights.ts'
import type { HoldEnd, Referent } from '#ledger/ledger.ts'
import { BooksCacheUnavailable, type Fact, type FactKind } from '#ports/books-cache.ts'

/** How the values of one of the ever-growing maps are kept as facts. */
export type FactForm<Value> = {
  readonly kind: FactKind
  encode(value: Value): string
  /** @throws {BooksCacheUnavailable} for what `encode` never made. */
  decode(fact: Pick<Fact, 'revision' | 'value'>): Value
  /** Bytes of memory that a value takes. */
  weigh(value: Value): number
  /** Where values are kept in memory. */
  column(): Column<Value>
}

/** A key's value is the revision itself. */
export const keyForm: FactForm<bigint> = {
  kind: 'key',
  encode: () => '',
  decode: ({ revision }) => revision,
  weigh: () => 16,
  column: revisionColumn,
}

export const referenceForm: FactForm<Referent> = {
  kind: 'reference',
  encode: (referent) =>
    'holdId' in referent ? `hold ${referent.holdId}` : `transaction ${referent.transactionId}`,
  decode({ value }) {
    const [of, id] = value.split(' ')
    if (of === 'hold' && id !== undefined) return { holdId: id }
    if (of === 'transaction' && id !== undefined) return { transactionId: id }
    throw unknownValue('reference')
  },
  weigh: () => 64,
  column: () => plainColumn(),
}

export const reversalForm: FactForm<readonly bigint[]> = {
  kind: 'reversal',
  encode: (amounts) => amounts.join(' '),
  decode({ value }) {
    if (!/^(-?\d+( -?\d+)*)?$/.test(value)) throw unknownValue('reversal')
    return value === '' ? [] : value.split(' ').map(BigInt)
  },
  weigh: (amounts) => 32 + weightOfAmounts(amounts),
  column: () => plainColumn(),
}

export const holdEndForm: FactForm<HoldEnd> = {
  kind: 'hold-end',
  encode: (end) => end,
  decode({ value }) {
    if (value === 'captured' || value === 'voided' || value === 'expired') return value
    throw unknownValue('hold-end')
  },
  weigh: () => 0,
  column: () => plainColumn(),
}

function unknownValue(kind: FactKind): BooksCacheUnavailable {
  return new BooksCacheUnavailable(`the index has a ${kind} that is none`)
}
