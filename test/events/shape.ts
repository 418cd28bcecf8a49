import type { Json } from '#values/json.ts'

/**
 * What objects of one kind are made of: by path (`postings[].amount`, with a `?` where it may be absent from the
 * object that it belongs to) the kinds of JSON that stand there. `map` is an object of any members.
 */
export type Shape = Readonly<Record<string, string>>

/** Whether what stands at a path has whatever members a client gives it. */
export type IsMap = (path: string) => boolean

/** The shape that all of these objects have together. */
export function shapeOf(objects: readonly Json[], isMap: IsMap): Shape {
  return new Tally(objects, isMap).shape()
}

/** Where two shapes differ, in words. */
export function differences(written: Shape, pinned: Shape): readonly string[] {
  const [now, before] = [membersOf(written), membersOf(pinned)]
  const added = [...now].flatMap(([path, { kinds }]) =>
    before.has(path) ? [] : [`${path} (${kinds}) is new`],
  )
  const changed = [...before].flatMap(([path, { kinds, optional }]) => {
    const member = now.get(path)
    if (member === undefined) return [`${path} (${kinds}) is gone`]
    return [
      ...(member.kinds === kinds ? [] : [`${path} was ${kinds}, it is ${member.kinds}`]),
      ...(member.optional === optional
        ? []
        : [`${path} ${optional ? 'could be absent and is always there' : 'can be absent now'}`]),
    ]
  })
  return [...added, ...changed]
}

/** Why one object is not of a shape, in words. */
export function misfits(object: Json, pinned: Shape, isMap: IsMap): readonly string[] {
  const tally = new Tally([object], isMap)
  const known = membersOf(pinned)
  const strange = [...membersOf(tally.shape())].flatMap(([path, { kinds }]) => {
    const allowed = known.get(path)?.kinds.split(' | ')
    const fits = allowed !== undefined && kinds.split(' | ').every((kind) => allowed.includes(kind))
    return fits ? [] : [`${path} is ${kinds}, not ${known.get(path)?.kinds ?? 'known'}`]
  })
  const lacking = [...known].flatMap(([path, { optional }]) =>
    optional || !tally.lacks(path) ? [] : [`${path} is missing`],
  )
  return [...strange, ...lacking]
}

/** Why members can't be added to a shape that is pinned, in words: old events don't have them. */
export function wrongAdditions(added: Shape, pinned: Shape): readonly string[] {
  const [news, before] = [membersOf(added), membersOf(pinned)]
  const isWithin = (path: string) =>
    [...news.keys()].some((each) => path.startsWith(`${each}.`) || path.startsWith(`${each}[]`))
  return [...news].flatMap(([path, { optional }]) => {
    if (before.has(path)) return [`${path} is there already`]
    return optional || isWithin(path)
      ? []
      : [`${path} has to be there, and old events don't have it`]
  })
}

/** The lists of a shape that says nothing of what is in them. */
export function unsaidLists(shape: Shape): readonly string[] {
  const members = membersOf(shape)
  return [...members].flatMap(([path, { kinds }]) =>
    kinds.split(' | ').includes('array') && !members.has(`${path}[]`) ? [path] : [],
  )
}

/** The paths of a shape, without their question marks. */
function membersOf(shape: Shape) {
  return new Map(
    Object.entries(shape).map(([path, kinds]) => [
      path.replace(/\?$/, ''),
      { kinds, optional: path.endsWith('?') },
    ]),
  )
}

/** Counts what stands where in some objects. */
class Tally {
  readonly #isMap: IsMap
  readonly #kinds = new Map<string, Set<string>>()
  readonly #counts = new Map<string, number>()
  readonly #objects = new Map<string, number>()

  constructor(objects: readonly Json[], isMap: IsMap) {
    this.#isMap = isMap
    for (const object of objects) this.#members('', object)
  }

  shape(): Shape {
    const paths = [...this.#kinds.keys()].toSorted()
    return Object.fromEntries(
      paths.map((path) => [
        `${path}${this.lacks(path) ? '?' : ''}`,
        [...(this.#kinds.get(path) ?? [])].toSorted().join(' | '),
      ]),
    )
  }

  /** Whether an object that could have the member doesn't. */
  lacks(path: string): boolean {
    if (path.endsWith('[]')) return false
    const parent = path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : ''
    return (this.#counts.get(path) ?? 0) < (this.#objects.get(parent) ?? 0)
  }

  #members(path: string, value: Json): void {
    this.#objects.set(path, (this.#objects.get(path) ?? 0) + 1)
    for (const [name, member] of Object.entries(Object(value)))
      this.#see(path === '' ? name : `${path}.${name}`, member)
  }

  #see(path: string, value: unknown): void {
    const kind = this.#isMap(path) ? 'map' : kindOf(value)
    this.#kinds.set(path, (this.#kinds.get(path) ?? new Set()).add(kind))
    this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1)
    if (Array.isArray(value)) for (const item of value) this.#see(`${path}[]`, item)
    else if (kind === 'object') this.#members(path, Object(value))
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
