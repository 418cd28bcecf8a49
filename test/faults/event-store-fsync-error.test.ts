import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { openSqliteEventStore } from '#adapters/sqlite/event-store.ts'
import {
  aFolder,
  appendsSaid,
  soundAppends,
  startAppender,
} from '#test/faults/event-store-faults.ts'

const strace = spawnSync('strace', ['-f', 'true']).status === 0

describe('a commit whose fsync fails', () => {
  it.for([1, 2, 7])(
    'has an unknown outcome, and nothing is stored after it: from fsync %i on',
    { timeout: 60_000 },
    async (nth, { skip }) => {
      skip(!strace, 'strace cannot trace here')
      using at = aFolder()
      await (await openSqliteEventStore({ folder: at.folder }))[Symbol.asyncDispose]()
      const appender = await startAppender(
        [at.folder, 'fsync', 3],
        [
          'strace',
          '--follow-forks',
          '--quiet=all',
          '--output=/dev/null',
          '--trace=fsync,fdatasync',
          `--inject=fsync,fdatasync:error=EIO:when=${nth}+`,
        ],
      )
      appender.begin()
      await appender.ended
      const stored = await soundAppends(at.folder)
      const [acknowledged, unknown, refused] = [
        appendsSaid(appender.lines, 'stored'),
        appendsSaid(appender.lines, 'AppendOutcomeUnknown'),
        appendsSaid(appender.lines, 'EventStoreUnavailable'),
      ]
      expect(acknowledged.filter((batch) => !stored.has(batch))).toEqual([])
      expect(unknown).not.toEqual([])
      expect(refused).toHaveLength(3)
      expect(refused.filter((batch) => stored.has(batch))).toEqual([])
      expect(appender.lines.filter((line) => 'failed' in line)).toEqual([
        { failed: 'AppendOutcomeUnknown: the commit of the event log failed' },
      ])
    },
  )
})
