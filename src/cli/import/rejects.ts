import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import type { Report } from '#cli/import/importer.ts'
import type { Progress } from '#cli/progress.ts'
import { WrongUsage } from '#cli/subcommand.ts'

/**
 * Tells of rejected rows: a line each on stderr and, where `path` names a file, an object each in it.
 * @throws {WrongUsage} where that is the file that is imported.
 */
export function openRejects(
  path: string | undefined,
  { input, progress }: { readonly input: string; readonly progress: Progress },
): Disposable & { report: Report } {
  if (path !== undefined && isSameFile(path, input))
    throw new WrongUsage(`--rejects names the file that is imported: ${path}.`)
  const file = path === undefined ? undefined : openSync(path, 'w', 0o600)
  return {
    report(rejected) {
      const { line } = rejected
      const reason =
        'malformed' in rejected
          ? { code: 'malformed', errors: rejected.malformed, detail: sentence(rejected.malformed) }
          : rejectedFor(rejected.refusal)
      progress.line(`line ${line}: ${reason.code}: ${reason.detail}`)
      if (file !== undefined) writeSync(file, rejectLine({ line, ...reason }, rejected))
    },
    [Symbol.dispose]() {
      if (file !== undefined) closeSync(file)
    },
  }
}

/** What was told, and the row: as it was written where its value would be inexact. */
function rejectLine(told: object, rejected: Parameters<Report>[0]): string {
  const text = 'text' in rejected ? rejected.text : undefined
  return `${JSON.stringify(told).slice(0, -1)},"row":${text ?? JSON.stringify(rejected.row)}}\n`
}

function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }))
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev
}

function rejectedFor({
  code,
  detail,
  context,
  replayed,
}: {
  readonly code: string
  readonly detail: string
  readonly context: object
  readonly replayed: boolean
}) {
  return { code, detail, context, ...(replayed && { replayed }) }
}

function sentence(problems: readonly { readonly pointer: string; readonly detail: string }[]) {
  return problems
    .map(({ pointer, detail }) => (pointer === '' ? detail : `${pointer}: ${detail}`))
    .join('; ')
}
