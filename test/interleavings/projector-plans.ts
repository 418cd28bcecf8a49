import * as fc from 'fast-check'
import type { ProjectorLimits } from '#projections/runtime/limits.ts'
import { type Throw, throws } from '#test/support/ledger-history.ts'
import { feedFaultMax } from '#test/support/scheduled-feed.ts'
import { modelFaultMax } from '#test/support/scheduled-read-models.ts'

/** A stretch of one ledger's events in a batch: how many further on it begins (negative: again), how many it brings. */
export type Leg = {
  readonly ledger: number
  readonly skip: number
  readonly take: number
  readonly isReversed: boolean
}

/** An event that can't be read, or that one projection can't place or fold. */
export type Poison = {
  readonly ledger: number
  readonly revision: number
  readonly kind: 'in the log' | 'in the feed' | 'in the keys' | 'in the fold'
}

/** What one of the projectors is sent, and what goes wrong with its calls. */
export type ProjectorLife = {
  readonly batches: readonly (readonly Leg[])[]
  readonly models: readonly number[]
  readonly store: readonly number[]
  readonly feed: readonly number[]
  /** How many steps pass before each batch. */
  readonly pauseSteps: number
}

export type ProjectorPlan = {
  readonly dice: readonly (readonly Throw[])[]
  readonly poison: readonly Poison[]
  readonly lives: readonly ProjectorLife[]
  readonly limits: Partial<ProjectorLimits>
  /** A clean end is that of a signal. */
  readonly ends: readonly {
    readonly projector: number
    readonly after: number
    readonly isClean: boolean
  }[]
  readonly hurry: readonly number[]
  /** How long the steps take, over and over; no time at all where there is none. */
  readonly stepMs: readonly number[]
}

/** Mostly nothing goes wrong. */
function tape(max: number, maxLength: number): fc.Arbitrary<readonly number[]> {
  const number = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.nat(max) },
  )
  return fc.array(number, { maxLength, size: 'max' })
}

const leg: fc.Arbitrary<Leg> = fc.record({
  ledger: fc.nat(1),
  skip: fc.constantFrom(0, 0, 0, -4, -1, 1, 3),
  take: fc.integer({ min: 1, max: 6 }),
  isReversed: fc.constantFrom(false, false, true),
})

const batch = fc.array(leg, { minLength: 1, maxLength: 3 })

const life: fc.Arbitrary<ProjectorLife> = fc.record({
  batches: fc.array(batch, { maxLength: 4 }),
  models: tape(modelFaultMax, 60),
  store: tape(4, 12),
  feed: tape(feedFaultMax, 8),
  pauseSteps: fc.constant(0),
})

/** There is something under way all the time. */
const longLife: fc.Arbitrary<ProjectorLife> = fc
  .tuple(life, fc.array(batch, { maxLength: 12, size: 'max' }), fc.constantFrom(1, 3, 9, 27))
  .map(([each, batches, pauseSteps]) => ({ ...each, batches, pauseSteps }))

const poison: fc.Arbitrary<Poison> = fc.record({
  ledger: fc.nat(1),
  revision: fc.nat(12),
  kind: fc.constantFrom('in the log', 'in the feed', 'in the keys', 'in the fold'),
})

const history = throws.map((dice) => dice.slice(0, 10))

const limits: fc.Arbitrary<Partial<ProjectorLimits>> = fc.record({
  commitDocuments: fc.integer({ min: 1, max: 30 }),
  runEvents: fc.integer({ min: 1, max: 20 }),
  gapPageEvents: fc.integer({ min: 1, max: 9 }),
  rememberedLedgers: fc.nat(2),
  concurrentReads: fc.integer({ min: 1, max: 4 }),
})

/** Kills and ends come after so many of the first steps at most. */
function plansOf(each: fc.Arbitrary<ProjectorLife>, endAfterMax: number) {
  const end = fc.record({
    projector: fc.nat(1),
    after: fc.nat(endAfterMax),
    isClean: fc.boolean(),
  })
  return fc.record({
    dice: fc.tuple(history, history),
    poison: fc.array(poison, { maxLength: 1 }),
    lives: fc.array(each, { minLength: 1, maxLength: 2 }),
    limits,
    ends: fc.array(end, { maxLength: 2 }),
    hurry: fc.array(fc.nat(1), { maxLength: 8 }),
    stepMs: fc.constant<readonly number[]>([]),
  })
}

export const projectorPlans: fc.Arbitrary<ProjectorPlan> = plansOf(life, 20)

/** Builds take long, and what it is that takes long differs. */
export const builderPlans: fc.Arbitrary<ProjectorPlan> = fc
  .tuple(
    plansOf(longLife, 100),
    fc.array(fc.constantFrom(0, 0, 300, 1_200), {
      minLength: 1,
      maxLength: 6,
      size: 'max',
    }),
  )
  .map(([plan, stepMs]) => ({ ...plan, stepMs }))
