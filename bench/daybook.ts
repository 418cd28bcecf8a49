import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server, startServer } from '#bench/processes.ts'

export type Daybook = Server & { readonly folder: string }

/** A folder that is gone when disposed of. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'daybook-bench-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** The program itself, whole or in one role, on a folder that is there or on a new one that goes with it. */
export async function startDaybook({
  folder,
  role = 'start',
  environment = {},
}: {
  readonly folder?: string
  readonly role?: 'start' | 'api' | 'projector'
  readonly environment?: NodeJS.ProcessEnv
} = {}): Promise<Daybook> {
  const made = folder === undefined ? temporaryFolder() : undefined
  const path = folder ?? made?.path ?? ''
  const server = await startServer('src/main.ts', [role], {
    DAYBOOK_DATA: path,
    DAYBOOK_PORT: '0',
    DAYBOOK_LOG_FORMAT: 'json',
    ...environment,
  })
  return {
    url: server.url,
    pid: server.pid,
    folder: path,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      made?.[Symbol.dispose]()
    },
  }
}
