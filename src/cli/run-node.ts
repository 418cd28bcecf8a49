import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { endingSignals } from '#cli/ending-signals.ts'
import type { ProgramLogger, Shell } from '#cli/subcommand.ts'
import { startNode } from '#compose/node.ts'
import type { Role } from '#compose/roles.ts'

const drainMsMax = 10_000
const stopMsMax = 30_000
/** npm hands Ctrl-C on to a program that has it from the terminal already: so soon, the signal is the same one again. */
const sameSignalMs = 1_000

/** What `--help` says of every command that runs until it is stopped. */
export const stopNote =
  'SIGTERM or SIGINT finishes what was accepted and ends; another one, a second later, ends at once.'

/** What `--help` says of every command that writes events until it is stopped. */
export const clockNote = 'SIGUSR2 confirms a clock that was found to have jumped.'

/** Runs roles in this process until a signal or a failure ends it; all that there is work for where none is named. */
export async function runNode(
  { config, logger }: Pick<Shell, 'config' | 'logger'>,
  roles?: readonly Role[],
): Promise<number> {
  const stop = stopSignals(logger)
  const starting = startNode(config, logger, roles && { roles })
  confirmClockOnSignal(starting, logger)
  const node = await starting
  const ending = await Promise.race([stop, failure(node.failed)])
  if (ending === 'failed') {
    logger.fatal({ reason: node.failed.reason }, 'stopping: the node cannot go on')
    await Promise.race([node[Symbol.asyncDispose](), sleep(drainMsMax)])
    process.exit(1)
  }
  const drained = node[Symbol.asyncDispose]().then(() => 'drained')
  if ((await Promise.race([drained, sleep(stopMsMax, 'late', { ref: false })])) === 'late') {
    logger.fatal({ stopMsMax }, 'stopping took too long: what was not answered may be stored')
    process.exit(1)
  }
  logger.info({}, 'stopped')
  return 0
}

/** Resolves at the first signal to stop; another one ends the process. */
function stopSignals(logger: ProgramLogger): Promise<'stopped'> {
  const { promise, resolve } = Promise.withResolvers<'stopped'>()
  let stoppingSince: number | undefined
  for (const signal of endingSignals)
    process.on(signal, () => {
      if (stoppingSince !== undefined) {
        if (performance.now() - stoppingSince > sameSignalMs) process.exit(1)
        return
      }
      stoppingSince = performance.now()
      logger.info({ signal }, 'stopping')
      resolve('stopped')
    })
  return promise
}

/** In place before anyone can know of the node: unhandled, the signal would end the process. */
function confirmClockOnSignal(
  starting: Promise<{ confirmClock(): void }>,
  logger: ProgramLogger,
): void {
  const confirm = async () => {
    const node = await starting
    node.confirmClock()
    logger.warn({}, 'the clock is confirmed')
  }
  // What keeps the node from starting is told elsewhere.
  process.on('SIGUSR2', () => void confirm().catch(() => {}))
}

function failure(failed: AbortSignal): Promise<'failed'> {
  const { promise, resolve } = Promise.withResolvers<'failed'>()
  if (failed.aborted) resolve('failed')
  failed.addEventListener('abort', () => resolve('failed'))
  return promise
}
