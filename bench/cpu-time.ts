import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'

/** Linux counts processor time in these, whatever the kernel's own clock. */
const ticksPerSecond = 100

/** What a process has had of the processors, all its threads, in steps of 10 ms; undefined where the system does not say. */
export function cpuSeconds(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  // After the name, which may have anything in it: state is field 3, the user's and the system's ticks 14 and 15.
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?=[A-Z] )/)
  const [user = '0', system = '0'] = fields.split(' ').slice(11, 13)
  return (Number(user) + Number(system)) / ticksPerSecond
}

/** The same of each of its threads that lives, to the nanosecond, by name; those of one name together. */
export function cpuSecondsOfThreads(pid: number): ReadonlyMap<string, number> | undefined {
  if (process.platform !== 'linux') return undefined
  const seconds = new Map<string, number>()
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const place = `/proc/${pid}/task/${thread}`
    const [nanoseconds = '0'] = textOf(`${place}/schedstat`).split(' ')
    const name = thread === String(pid) ? 'main' : textOf(`${place}/comm`).trim()
    seconds.set(name, (seconds.get(name) ?? 0) + Number(nanoseconds) / 1e9)
  }
  return seconds
}

/** Nothing of a thread that has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
