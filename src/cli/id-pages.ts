import type { Find, ReadModelShape, StoredDocument } from '#ports/read-models.ts'

/** A page of one ledger's documents in the order of ids. */
export type IdPage = { readonly after: string | undefined; readonly limit: number }

/** Finds the page, and says of each document whether it is found by the fields that it has. */
export function findPage({ id }: ReadModelShape, { after, limit }: IdPage): Find {
  const orderBy = id === undefined ? [] : [id]
  const from = after !== undefined && { after: [...orderBy.map(() => after), after] }
  return { where: [], orderBy, limit, checksFields: true, ...from }
}

/**
 * What the next page comes after; undefined where there is none, or where what is stored under wrong ids leads back. The
 * last document of a full page is left to the next one, with those that may be stored under the same id.
 */
export function endOf(
  model: ReadModelShape,
  page: readonly StoredDocument[],
  { after, limit }: IdPage,
): string | undefined {
  if (page.length < limit) return undefined
  const final = page.at(-1)?.id
  const last = page.findLast(({ id }) => id !== final && id !== '')?.id ?? final
  if (last === undefined || last === '') return undefined
  return after === undefined || orderOfIds(model)(last, after) > 0 ? last : undefined
}

/** The documents of a page that ends there. */
export function upTo(
  last: string | undefined,
  model: ReadModelShape,
  page: readonly StoredDocument[],
): readonly StoredDocument[] {
  const compareIds = orderOfIds(model)
  return last === undefined ? page : page.filter(({ id }) => compareIds(id, last) <= 0)
}

export type CompareIds = (a: string, b: string) => number

/** The order of the stores: that of the bytes, or that of the numbers where the ids are some. */
export function orderOfIds({ id, fields }: ReadModelShape): CompareIds {
  if (id !== undefined && fields[id] === 'integer')
    return (a, b) => Number(numberIn(a) - numberIn(b))
  return (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** What is no number comes first. */
function numberIn(id: string): bigint {
  return /^\d+$/.test(id) ? BigInt(id) : -1n
}
