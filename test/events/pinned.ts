import { hash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventType, LedgerEvent } from '#events/ledger-event.ts'
import type { IsMap, Shape } from '#test/events/shape.ts'
import type { Written } from '#test/events/written-events.ts'
import type { JsonObject } from '#values/json.ts'

const folder = import.meta.dirname

/**
 * Types that no command writes any more. Their golden files, shapes and folds stay; one that is written all the same
 * fails the test of the shapes.
 */
export const retiredTypes: readonly EventType[] = []

/** The file that pins the shape of a type's version; `test/events/golden` has events of it. */
export function shapeFile(type: string, version: number): string {
  return `shapes/${kebab(type)}-v${version}.json`
}

/** The shape of a file, with what was added to it since; undefined where there is none. */
export function pinnedShape(file: string): Shape | undefined {
  const first = firstShape(file)
  return first && Object.assign({}, first, ...additionsTo(file).map(([, added]) => added))
}

/** What a shape file says by itself. */
export function firstShape(file: string): Shape | undefined {
  return existsSync(join(folder, file)) ? JSON.parse(read(file)) : undefined
}

/** The files that add to a shape members that may be absent, each named for its member: `…-v1-with-note.json`. */
export function additionsTo(file: string): readonly (readonly [string, Shape])[] {
  return globSync(file.replace(/\.json$/, '-with-*.json'), { cwd: folder })
    .toSorted()
    .map((each) => [each, JSON.parse(read(each))])
}

/** What a golden event is pinned to be lifted to. */
export function pinnedLift(file: string): JsonObject | undefined {
  return existsSync(join(folder, file)) ? JSON.parse(read(file)) : undefined
}

/** Every golden event, with the name of its file. */
export function goldenEvents(): readonly (readonly [string, Written])[] {
  return globSync('golden/*.json', { cwd: folder })
    .toSorted()
    .map((file) => [file, JSON.parse(read(file))])
}

type DataOf<Type extends EventType> = Extract<LedgerEvent, { readonly type: Type }>['data']
type Maps<Data> = {
  [Name in keyof Data]-?: string extends keyof NonNullable<Data[Name]> ? Name : never
}[keyof Data]

/** Members of `data` that have whatever members a client gives them: the compiler asks for all of them, and no others. */
const maps: { readonly [Type in EventType]: Readonly<Record<Maps<DataOf<Type>>, true>> } = {
  LedgerOpened: { metadata: true },
  LedgerChanged: {},
  AssetRegistered: {},
  AccountOpened: { metadata: true },
  AccountLimitsChanged: {},
  MetadataSet: { before: true, after: true },
  AccountFrozen: {},
  AccountUnfrozen: {},
  AccountClosed: {},
  AccountReopened: {},
  TransactionPosted: { metadata: true },
  HoldPlaced: { metadata: true },
  HoldCaptured: { metadata: true },
  HoldVoided: {},
  HoldExpired: {},
  HoldExtended: {},
  CommandRejected: { request: true, context: true },
}

/** Which objects of a type have whatever members a client gives them. */
export function mapsIn(type: string): IsMap {
  const whole = new Map<string, object>(Object.entries(maps)).get(type) ?? {}
  return (path) => path.endsWith('.metadata') || Object.hasOwn(whole, path)
}

export function kebab(type: string): string {
  return type.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase()
}

/** RFC 9562 §5.5 over the SHA-256 of the contents, in the namespace of Daybook's events. */
export function eventId(contents: string): string {
  const namespace = Buffer.from('5f0c7f0a3c8e4d0e9a52b1d6c7e83f14', 'hex')
  const digest = hash('sha1', Buffer.concat([namespace, hash('sha256', contents, 'buffer')]))
  const variant = ((Number.parseInt(digest.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `5${digest.slice(13, 16)}`,
    `${variant}${digest.slice(18, 20)}`,
    digest.slice(20, 32),
  ].join('-')
}

function read(file: string): string {
  return readFileSync(join(folder, file), 'utf8')
}
