import type { currentVersions } from '#events/ledger-event.ts'
import type { JsonObject } from '#values/json.ts'

/** Lifts the data of one type from one version to the next; pure, total, for ever. */
export type Upcaster = (data: JsonObject) => JsonObject

/** Steps by type and by the version lifted *from*. */
export type Upcasters = Readonly<Record<string, Readonly<Record<number, Upcaster>>>>

/** Exactly the steps that these versions need: one from every version of a type before its current one. */
export type StepsTo<Versions extends Readonly<Record<string, number>>> = {
  readonly [Type in keyof Versions as Versions[Type] extends 1 ? never : Type]: Readonly<
    Record<Before<Versions[Type]>, Upcaster>
  >
} & { readonly [Type in keyof Versions as Versions[Type] extends 1 ? Type : never]?: never }

/** The numbers from 1 up to but not including a literal one. */
type Before<
  Version extends number,
  Counted extends readonly unknown[] = readonly [1],
> = Counted['length'] extends Version
  ? never
  : Counted['length'] | Before<Version, readonly [...Counted, 1]>

/** Empty while every type is still at its first version; a version raised without its step is no valid type. */
export const upcasters = {} as const satisfies StepsTo<typeof currentVersions>
