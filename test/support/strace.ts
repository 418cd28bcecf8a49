import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Where this is false, what needs it is skipped, and says `whyNotTraced`. */
export const canTrace =
  spawnSync('strace', ['-f', '--seccomp-bpf', '-o', '/dev/null', 'true']).status === 0
export const whyNotTraced = 'strace is not here, or may not trace'

/** What reaches the disk, or changes what is there. Not `openat` and `mkdir`: strace counts calls on any file, those of modules too. */
export const durableCalls = 'pwrite64,fsync,fdatasync,ftruncate,unlink,fchmod,fallocate'

export const logFiles = ['log.db', 'log.db-wal']
export const readModelFiles = ['read-models.db', 'read-models.db-wal']

/** `when` as strace has it: the nth such call of one thread, `n..m` those up to the mth, `n+` all from there on. */
export type Injection = {
  readonly data: string
  readonly files: readonly string[]
  readonly calls: string
  /** The delay, in microseconds, comes before the call. */
  readonly fault: 'signal=KILL' | 'error=EIO' | 'error=ENOSPC' | `delay_enter=${number}`
  readonly when: string
}

/** The command under which a program finds that fault where its calls touch those files of its data folder. */
export function injecting({ data, files, calls, fault, when }: Injection): readonly string[] {
  const paths = ['', ...files].flatMap((file) => ['-P', join(data, file)])
  const given = [`--trace=${calls}`, `--inject=${calls}:${fault}:when=${when}`]
  // A signal that is sent where the kernel filters calls is lost.
  const quick = fault === 'signal=KILL' ? [] : ['--seccomp-bpf']
  // As a grandchild the tracer is out of the way: the program is our child, and gets our signals.
  return ['strace', '-D', '-f', ...quick, '--quiet=all', '--output=/dev/null', ...paths, ...given]
}
