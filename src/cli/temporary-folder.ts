import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onEndingSignal } from '#cli/ending-signals.ts'

/** A folder for what is thrown away in the end: also where a signal ends the process, which it then does as before. */
export async function openTemporaryFolder(
  purpose: string,
): Promise<Disposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), `daybook-${purpose}-`))
  const remove = () => rmSync(path, { recursive: true, force: true })
  const signals = onEndingSignal(remove)
  const dispose = () => {
    signals[Symbol.dispose]()
    remove()
  }
  return { path, [Symbol.dispose]: dispose }
}
