import type { Subcommand } from '#cli/subcommand.ts'

/** Every command of the program in the order of the help; each is loaded only when it is asked for. */
export const subcommands: Readonly<Record<string, () => Promise<Subcommand>>> = {
  start: async () => (await import('#cli/start.ts')).start,
  api: async () => (await import('#cli/roles.ts')).api,
  relay: async () => (await import('#cli/roles.ts')).relay,
  projector: async () => (await import('#cli/roles.ts')).projector,
  sweeper: async () => (await import('#cli/roles.ts')).sweeper,
  import: async () => (await import('#cli/import.ts')).importFile,
  export: async () => (await import('#cli/export.ts')).exportEvents,
  backup: async () => (await import('#cli/backup.ts')).backup,
  replay: async () => (await import('#cli/replay.ts')).replay,
  projections: async () => (await import('#cli/projections.ts')).projections,
  rebuild: async () => (await import('#cli/rebuild.ts')).rebuild,
  'verify-books': async () => (await import('#cli/verify-books.ts')).verifyBooks,
}
