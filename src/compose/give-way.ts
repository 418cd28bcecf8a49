import { platform, setPriority } from 'node:os'

/** How much less a projector's thread weighs than the one that answers (nice, 0 to 19). Measured: decision 0026. */
const projectorNiceness = 2

/**
 * Makes the calling thread give way to the others where there are not enough cores for all: answers come first. Only
 * Linux has priorities for threads; elsewhere, and where it is not allowed, nothing changes.
 */
export function giveWay(niceness = projectorNiceness): void {
  if (platform() !== 'linux') return
  try {
    setPriority(0, niceness)
  } catch {
    // Not allowed here: the thread works as fast as the others.
  }
}
