/**
 * Exits with 0 where the program of this container answers its health route with 200, otherwise with 1 and the reason.
 * Usage: node healthy.js live|ready
 */
import process from 'node:process'

const timeoutMs = 4_000
const { DAYBOOK_PORT = '8080' } = process.env
const path = `/health/${process.argv[2] ?? 'live'}`

try {
  const signal = AbortSignal.timeout(timeoutMs)
  const response = await fetch(`http://127.0.0.1:${DAYBOOK_PORT}${path}`, { signal })
  process.stdout.write(`${response.status} ${await response.text()}\n`)
  process.exitCode = response.status === 200 ? 0 : 1
} catch (error) {
  process.stdout.write(`${path}: ${error.message}\n`)
  process.exitCode = 1
}
