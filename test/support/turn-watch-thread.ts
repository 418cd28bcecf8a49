import { writeSync } from 'node:fs'
import process from 'node:process'
import { workerData } from 'node:worker_threads'

/** What another thread has this one watch: it adds one as often as it takes a turn. */
type Watched = {
  readonly beats: Int32Array<SharedArrayBuffer>
  readonly lastWords: string
  readonly patienceMs: number
}

const { beats, lastWords, patienceMs }: Watched = workerData
while (Atomics.wait(beats, 0, Atomics.load(beats, 0), patienceMs) !== 'timed-out');
// That thread can't be asked for anything any more.
writeSync(2, `${lastWords}\n`)
process.kill(process.pid, 'SIGKILL')
