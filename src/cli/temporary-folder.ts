import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { endingSignals } from '#cli/ending-signals.ts'

/** A folder for what is thrown away in the end: also where a signal ends the process, which it then does as before. */
export async function openTemporaryFolder(
  purpose: string,
): Promise<Disposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), `daybook-${purpose}-`))
  const dispose = () => {
    for (const signal of endingSignals) process.off(signal, end)
    rmSync(path, { recursive: true, force: true })
  }
  const end = (signal: NodeJS.Signals) => {
    dispose()
    process.kill(process.pid, signal)
  }
  for (const signal of endingSignals) process.on(signal, end)
  return { path, [Symbol.dispose]: dispose }
}
