import { createRequire } from 'node:module'

/** What the patch sees of a kafkajs `Connection`: what came of answers that are not whole yet. */
type Connection = {
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
}

type Connect = (this: Connection) => Promise<boolean>

/** The length of an answer comes first. */
const lengthBytes = 4

const require = createRequire(import.meta.url)
let isPatched = false

/**
 * Lets a connection that is made anew begin with nothing. kafkajs keeps the half of an answer that the last one broke off
 * in, and takes what comes on the next for the rest of it: it reads lengths where there are none, hangs, or throws where
 * nobody can catch it, which ends the process.
 */
export function patchConnection(): void {
  if (isPatched) return
  isPatched = true
  const prototype = connectionPrototype()
  const { connect } = prototype
  prototype.connect = function () {
    if (!this.isConnected()) {
      this.chunks = []
      this.bytesBuffered = 0
      this.bytesNeeded = lengthBytes
    }
    return connect.call(this)
  }
}

/** Where the method lives; a parsing edge: kafkajs has no types for its inside. */
function connectionPrototype(): { connect: Connect } {
  const loaded: { prototype: { connect: Connect } } = require('kafkajs/src/network/connection')
  return loaded.prototype
}
