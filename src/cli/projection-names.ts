import { nearest } from '#cli/nearest.ts'
import { WrongUsage } from '#cli/subcommand.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'

/** The projection of that name. @throws {WrongUsage} with the one that was probably meant. */
export function projectionNamed(name: string): Projection {
  const found = allProjections.find((projection) => projection.name === name)
  if (found !== undefined) return found
  const known = allProjections.map((projection) => projection.name)
  const meant = nearest(name, known)
  const hint = meant === undefined ? `there are ${known.join(', ')}.` : `is ${meant} meant?`
  throw new WrongUsage(`there is no projection ${name}: ${hint}`)
}
