import { statfsSync } from 'node:fs'
import { EventLogRefused } from '#adapters/sqlite/event-log-errors.ts'

/**
 * Linux's `statfs` types whose memory maps or locks reach only one machine, so that WAL mode loses commits on them
 * (linux/magic.h and the file systems' own headers).
 */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff53_4d42, 'CIFS'],
  [0xfe53_4d42, 'SMB2'],
  [0x0102_1997, '9p'],
  [0x00c3_6400, 'Ceph'],
  [0x6573_5546, 'FUSE'],
  [0x5346_414f, 'AFS'],
  [0x6b41_4653, 'AFS'],
  [0x7375_7245, 'Coda'],
  [0x0bd0_0bd0, 'Lustre'],
  [0x0116_1970, 'GFS2'],
  [0x7461_636f, 'OCFS2'],
  [0x4750_4653, 'GPFS'],
])

/** @throws {EventLogRefused} when the folder is not on a disk of this machine. Only Linux tells; elsewhere nothing is refused. */
export function refuseNetworkFolder(
  folder: string,
  typeOf: (folder: string) => number = fileSystemType,
): void {
  if (process.platform !== 'linux') return
  const found = networkFileSystems.get(typeOf(folder))
  if (found !== undefined)
    throw new EventLogRefused(
      `The data folder ${folder} is on ${found}, where SQLite can lose commits: use a disk of this machine.`,
    )
}

function fileSystemType(folder: string): number {
  return statfsSync(folder).type >>> 0
}
