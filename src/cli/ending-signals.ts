import process from 'node:process'

/** The signals by which somebody asks a program to end. */
export const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Cleans up where such a signal ends the process, which it then does as before; until disposed of. */
export function onEndingSignal(cleanUp: () => void): Disposable {
  const dispose = () => {
    for (const signal of endingSignals) process.off(signal, end)
  }
  const end = (signal: NodeJS.Signals) => {
    dispose()
    cleanUp()
    process.kill(process.pid, signal)
  }
  for (const signal of endingSignals) process.on(signal, end)
  return { [Symbol.dispose]: dispose }
}
