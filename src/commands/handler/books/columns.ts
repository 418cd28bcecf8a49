/** Values by their place, from 0 without gaps. */
export type Column<Value> = {
  /** Only of a place that has been put. */
  at(place: number): Value
  put(place: number, value: Value): void
}

const firstPlaces = 16

/** Revisions, eight bytes each: as bigints in an array they take three times that, and the collector's time. */
export function revisionColumn(): Column<bigint> {
  let revisions = new BigInt64Array(firstPlaces)
  return {
    at: (place) => revisions[place] ?? 0n,
    put(place, value) {
      if (place === revisions.length) {
        const longer = new BigInt64Array(2 * place)
        longer.set(revisions)
        revisions = longer
      }
      revisions[place] = value
    },
  }
}

/** Values of any kind, as they are. */
export function plainColumn<Value>(): Column<Value> {
  const values: Value[] = []
  return {
    at(place) {
      const value = values[place]
      if (value === undefined) throw new RangeError(`nothing was put at ${place}`)
      return value
    },
    put(place, value) {
      values[place] = value
    },
  }
}
