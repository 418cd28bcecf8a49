/** What was skipped meanwhile is in the build already: it has to be made anew. */
export class BuildOutdated extends Error {
  override readonly name = 'BuildOutdated'
}

/** The build can't take the place of what serves, because a ledger stands still in it that goes on there. */
export class BuildStuck extends Error {
  override readonly name = 'BuildStuck'
}

/** The build that a builder was filling has been dropped or retired. */
export class BuildGone extends Error {
  override readonly name = 'BuildGone'
}

/** Whether it is about the builds that were begun: another try may come to an end. */
export function isOfBuild(error: unknown): boolean {
  return error instanceof BuildOutdated || error instanceof BuildGone || error instanceof BuildStuck
}
