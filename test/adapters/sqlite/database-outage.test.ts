import { describe, expect, it } from 'vitest'
import { outageOf } from '#adapters/sqlite/database-outage.ts'

const failed = (message: string, members: object) => Object.assign(new Error(message), members)

describe('a database that cannot be used', () => {
  it.each([
    ['database or disk is full', { errcode: 13 }, 'its disk is full. Free some space.'],
    ['disk I/O error', { errcode: 4874 }, 'its disk is full. Free some space.'],
    ['no space left', { code: 'ENOSPC' }, 'its disk is full. Free some space.'],
    ['disk I/O error', { errcode: 1034 }, 'disk I/O error. Look after its disk.'],
    [
      'database is locked',
      { errcode: 5 },
      'database is locked. See which process keeps it locked.',
    ],
    [
      'unable to open database file',
      { errcode: 14 },
      'unable to open database file. See whether this user may write to it, and make files beside it.',
    ],
    [
      'Worker initialization failure: EMFILE',
      { code: 'ERR_WORKER_INIT_FAILED' },
      'this process may open no more files. Allow it more (ulimit -n).',
    ],
  ])('is named, with what to do: %s %o', (message, members, sentences) => {
    expect(outageOf('/data/log.db', failed(message, members))).toBe(
      `/data/log.db cannot be used: ${sentences}`,
    )
  })

  it('is no excuse for a bug', () => {
    expect(outageOf('/data/log.db', failed('no such column', { errcode: 1 }))).toBe(undefined)
    expect(outageOf('/data/log.db', new TypeError('undefined is no function'))).toBe(undefined)
  })
})
