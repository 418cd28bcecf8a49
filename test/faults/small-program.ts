import { writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Outcome } from '#commands/handler/outcome.ts'
import { openProjecting } from '#compose/projecting.ts'
import { openWriteSide } from '#compose/write-side.ts'
import { parseConfig } from '#config.ts'
import type { Attempt } from '#test/support/history-checker.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { wellFormed } from '#test/support/write-side.ts'

/** What a line of this program's output says: what came of a command, or that it has ended by itself. */
export type SmallProgramLine =
  | {
      readonly key: string
      readonly status: number
      readonly code?: string
      readonly revision?: string
    }
  | { readonly ended: true; readonly warnings: readonly string[] }

const pauseMs = 10
const triesMax = 10

/**
 * The write side and the projector of the embedded engine without all around them, quick to start: takes groups of
 * attempts on its input, executes each group at once, one group after the other, says what came of each attempt as soon
 * as it is known, asks again where it was told to, brings the read models up, and closes. Arguments: the data folder.
 */
async function main([folder = '']: string[]): Promise<void> {
  const groups: readonly (readonly Attempt[])[] = JSON.parse(await text(process.stdin))
  const config = parseConfig({ DAYBOOK_DATA: folder })
  const stop = new AbortController()
  await using side = await openWriteSide(config, logger)
  await using projecting = await openProjecting(config, logger)
  const projected = projecting.run(stop.signal)
  for (const group of groups) {
    await Promise.all(
      group.map(async ({ ledgerId, key, commands: [sent] }) => {
        const { command, ...members } = sent?.request ?? {}
        const item = wellFormed(typeof command === 'string' ? command : '', members)
        const circumstances = { actor: 'anonymous', correlationId: key, causationId: key }
        const asked = { ...circumstances, ledgerId, key, item }
        let outcome = await side.execute(asked)
        for (let tries = 0; statusOf(outcome) === 503 && tries < triesMax; tries += 1) {
          say({ key, status: 503 })
          await sleep(pauseMs)
          outcome = await side.execute(asked)
        }
        const { revision } = outcome
        const refusal = outcome.kind === 'refused' ? outcome : { status: 201 }
        say({ key, ...picked(refusal), ...(revision !== undefined && { revision: `${revision}` }) })
      }),
    )
    await sleep(pauseMs)
  }
  stop.abort()
  await projected
}

function statusOf(outcome: Outcome): number {
  return outcome.kind === 'refused' ? outcome.status : 201
}

function picked(refusal: { readonly status: number; readonly code?: string }) {
  const { status, code } = refusal
  return { status, ...(code !== undefined && { code }) }
}

/** Written before it returns: what was said is said, whenever the process is killed. */
function say(line: SmallProgramLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

const { logger, lines } = recordingLogger()
await main(process.argv.slice(2))
const warnings = lines.filter(({ level }) => level === 'warn' || level === 'error')
say({ ended: true, warnings: [...new Set(warnings.map(({ message }) => message))] })
