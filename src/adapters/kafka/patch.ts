import { createRequire } from 'node:module'
import { patchConnection } from '#adapters/kafka/connection-patch.ts'
import { patchEncoder } from '#adapters/kafka/encoder-patch.ts'
import type { Logger } from '#ports/logger.ts'

/** The one version whose source was read; any other is left as it is. */
export const patchedVersion = '2.2.4'

/** As kafkajs looks again at requests that wait for others to be answered. */
const checkIntervalMs = 10

/** What the patch sees of a kafkajs `RequestQueue`. */
type RequestQueue = {
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
}

type Schedule = (this: RequestQueue) => void

const require = createRequire(import.meta.url)

/**
 * Replaces kafkajs's timer: after its first answer, every connection would set a timer of a negative delay for ever,
 * 870 wake-ups a second. Ours is set only while a request waits. And lets its encoders take less memory
 * (`encoder-patch.ts`), and connections made anew begin with nothing (`connection-patch.ts`). Any number of times is as
 * good as once.
 */
export function patchKafkajs(logger: Pick<Logger, 'error'>, version = installedVersion()): void {
  if (version !== patchedVersion) {
    logger.error({ version, patchedVersion }, 'kafkajs is of another version: it is not patched')
    return
  }
  requestQueuePrototype().scheduleCheckPendingRequests = schedule
  patchEncoder()
  patchConnection()
}

/** Where the method lives; a parsing edge: kafkajs has no types for its inside. */
export function requestQueuePrototype(): { scheduleCheckPendingRequests: Schedule } {
  const loaded: {
    prototype: { scheduleCheckPendingRequests: Schedule }
  } = require('kafkajs/src/network/requestQueue')
  return loaded.prototype
}

function installedVersion(): string {
  const manifest: { version: string } = require('kafkajs/package.json')
  return manifest.version
}

function schedule(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return
  const delayMs = Math.max(this.throttledUntil - Date.now(), checkIntervalMs)
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null
    this.checkPendingRequests()
  }, delayMs)
}
