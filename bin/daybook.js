#!/usr/bin/env node
/**
 * Runs src/main.ts on the Node this repository pins, or on the current one if that is new enough.
 * Plain JavaScript, so that an older Node can still start it and say what is missing.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

if (/[\\/]node_modules[\\/]/.test(main)) {
  refuse(
    'this copy is installed under node_modules, where Node refuses to run TypeScript. ' +
      'Clone the repository, run `npm ci` there, and start it with `npm run daybook`.',
  )
}

const node = pinnedNode() ?? currentNode()
if (node === undefined) {
  refuse(`Node 24.15 or newer is needed, this is ${process.versions.node}: run \`npm ci\` first.`)
}

const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) {
  process.on(signal, () => {
    // A terminal sends Ctrl-C to the whole group: the child has it already.
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    child.kill(signal)
  })
}

child.on('error', (error) => refuse(`${node} did not start: ${error.message}`))
child.on('exit', (code, signal) => {
  process.exit(code ?? 128 + constants.signals[signal])
})

function pinnedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json')
    const binary = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node'
    const path = manifest.replace(/package\.json$/, binary)
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

function currentNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 15) ? process.execPath : undefined
}

function refuse(reason) {
  console.error(`daybook: ${reason}`)
  process.exit(1)
}
