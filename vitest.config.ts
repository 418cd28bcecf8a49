import { defineConfig } from 'vitest/config'

/** Forked processes: tests spawn children and worker threads, and a crash takes one file with it. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/servers/global-setup.ts',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
