import type { BuiltModel } from '#ports/read-models.ts'

/** Under which name a build keeps its place in the log. */
export function buildFeed({ name, version, build }: BuiltModel): string {
  return `build ${name}@${version}.${build}`
}
