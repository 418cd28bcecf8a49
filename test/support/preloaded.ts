import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '#test/support/program.ts'

/** A file by which a test tells something to code that runs inside the program. */
export type Lever = { readonly settings: Settings; pull(text: string): void }

const reading = `
import { existsSync, readFileSync } from 'node:fs'
import { isMainThread, threadName } from 'node:worker_threads'
const thread = isMainThread ? 'main' : threadName
const pulled = () => existsSync(process.env.LEVER) ? readFileSync(process.env.LEVER, 'utf8') : ''
`

/** Runs code in every thread of a program that is started with the settings; `thread` and `pulled()` are there for it. */
export function preloaded(folder: string, code: string): Lever {
  const path = join(folder, 'lever')
  const module = `data:text/javascript,${encodeURIComponent(reading + code)}`
  return {
    settings: { NODE_OPTIONS: `--import=${module}`, LEVER: path },
    pull: (text) => writeFileSync(path, text),
  }
}
