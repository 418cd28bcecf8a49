import { defineConfig } from 'vitest/config'

/** The tests of the pure core: no state, no clock, no server, no process. */
const pure = ['test/{values,events,ledger}/**/*.test.ts', 'test/{commands,projections}/*.test.ts']

export default defineConfig({
  test: {
    maxWorkers: 3,
    projects: [
      {
        // Files share a process: alone, most of the time of each is that of loading what all of them load.
        test: { name: 'pure', include: pure, pool: 'forks', isolate: false, testTimeout: 30_000 },
      },
      {
        // Forked processes: tests spawn children and worker threads, and a crash takes one file with it.
        test: {
          name: 'shell',
          include: ['test/**/*.test.ts'],
          exclude: pure,
          globalSetup: 'test/support/servers/global-setup.ts',
          pool: 'forks',
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
})
