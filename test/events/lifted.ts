import { type Catalogue, lift } from '#events/lift.ts'
import { mapsIn, pinnedLift, pinnedShape, shapeFile } from '#test/events/pinned.ts'
import { misfits, type Shape } from '#test/events/shape.ts'
import type { Written } from '#test/events/written-events.ts'
import type { JsonObject } from '#values/json.ts'
import { canonicalJson } from '#values/canonical-json.ts'

/** Where it is pinned what shapes are made of, and what golden events are lifted to. */
export type Pins = {
  readonly shape: (type: string, version: number) => Shape | undefined
  readonly lifted: (file: string) => JsonObject | undefined
}

/** The files of `test/events`. */
export const ownPins: Pins = {
  shape: (type, version) => pinnedShape(shapeFile(type, version)),
  lifted: pinnedLift,
}

/** The files that pin what a golden event becomes at each later version: `lifted/10-account-frozen-v1-to-v2.json`. */
export function liftedFiles({ versions }: Catalogue, file: string, event: Written): Lifts {
  const { type, schemaVersion } = event
  const name = file.replace(/^golden\//, '').replace(/\.json$/, '')
  return Array.from({ length: Math.max(0, (versions[type] ?? 0) - schemaVersion) }, (_, index) => {
    const to = schemaVersion + 1 + index
    return { to, file: `lifted/${name}-to-v${to}.json` }
  })
}

type Lifts = readonly { readonly to: number; readonly file: string }[]

/**
 * Where a golden event is not lifted as it is pinned, in words: at every later version it has to be of that version's
 * shape, and the very data that the step made when it was written. Steps are no more edited than events are.
 */
export function liftComplaints(
  known: Catalogue,
  [golden, event]: readonly [string, Written],
  pins: Pins,
): readonly string[] {
  return liftedFiles(known, golden, event).flatMap(({ to, file }) => {
    const data = liftedTo(known, event, to)
    const text = JSON.stringify(data, null, 2)
    const shape = pins.shape(event.type, to)
    const wrong =
      shape === undefined
        ? [`is of no shape that is pinned: there is no ${shapeFile(event.type, to)}`]
        : [...misfits(data, shape, mapsIn(event.type))]
    const pinned = pins.lifted(file)
    if (pinned === undefined) wrong.push(`is to be pinned once it is right: ${text}`)
    else if (canonicalJson(pinned) !== canonicalJson(data))
      wrong.push(`is not what is made now, which is ${text}`)
    return wrong.map((why) => `${file}: ${why}`)
  })
}

/** As a program reads it whose present version is that one. */
function liftedTo({ versions, upcasters }: Catalogue, event: Written, to: number): JsonObject {
  const { type, schemaVersion: version, data } = event
  const known = { versions: { ...versions, [type]: to }, upcasters }
  return lift(known, { type, version, ledgerId: 'golden', revision: '0', data }).data
}
