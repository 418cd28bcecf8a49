import { hash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventType } from '#events/ledger-event.ts'
import type { IsMap, Shape } from '#test/events/shape.ts'
import type { Written } from '#test/events/written-events.ts'

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

/** What a shape file says; undefined where there is none. */
export function pinnedShape(file: string): Shape | undefined {
  const path = join(folder, file)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

/** Every golden event, with the name of its file. */
export function goldenEvents(): readonly (readonly [string, Written])[] {
  return globSync('golden/*.json', { cwd: folder })
    .toSorted()
    .map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8'))])
}

/** Which objects of a type have whatever members a client gives them. */
export function mapsIn(type: string): IsMap {
  const whole = type === 'MetadataSet' ? /^(before|after)$/ : /^$/
  return (path) => /(^|\.)(metadata|request|context)$/.test(path) || whole.test(path)
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
