import type { ResourceLimits } from 'node:worker_threads'
import { getHeapStatistics } from 'node:v8'

/** V8 gives a process so much of a machine of some 4 GiB. With less it keeps the space for young objects small by itself. */
const muchBytes = 2 * 1024 ** 3

/** Whether V8 lets young objects have as much room as they like. */
export function hasMuchMemory(): boolean {
  return getHeapStatistics().heap_size_limit >= muchBytes
}

/** For a thread that needs no more than this for young objects. Never more than V8 would give it. */
export function youngObjectsUpTo(mebibytes: number): { readonly resourceLimits?: ResourceLimits } {
  return hasMuchMemory() ? { resourceLimits: { maxYoungGenerationSizeMb: mebibytes } } : {}
}
