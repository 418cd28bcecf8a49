import { readFileSync } from 'node:fs'
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
