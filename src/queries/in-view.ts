import {
  type ReadModels,
  ReadModelsUnavailable,
  ReadViewOutdated,
  type ReadView,
} from '#ports/read-models.ts'
import type { LedgerId } from '#values/ids.ts'

/** Views that one question is asked of before it is given up. */
export const viewTriesMax = 5

const pauseFirstMs = 2

/**
 * Asks in one view of the ledger, and all over again in a new one where the read models moved on too far meanwhile.
 * @throws {ReadModelsUnavailable} also when they do so each time.
 */
export async function inView<Result>(
  readModels: Pick<ReadModels, 'view'>,
  ledgerId: LedgerId | undefined,
  ask: (view: ReadView) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      await using view = await readModels.view(ledgerId)
      return await ask(view)
    } catch (error) {
      if (!(error instanceof ReadViewOutdated)) throw error
      if (tries === viewTriesMax) throw tooFast(error)
    }
    await pause(pauseFirstMs * 4 ** (tries - 1))
  }
}

function tooFast(cause: ReadViewOutdated): ReadModelsUnavailable {
  return new ReadModelsUnavailable('The read models move on faster than they can be read.', {
    cause,
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
