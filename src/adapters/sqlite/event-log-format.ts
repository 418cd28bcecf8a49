/** The log's file in the data folder. */
export const logFileName = 'log.db'

/** Marks a SQLite file as a Daybook log: "DAYB" in ASCII, in the file's header at byte 68. */
export const logApplicationId = 0x44_41_59_42n

/** The newest shape of the log this program knows; in the header as `user_version`. */
export const logSchemaVersion = 1n

/**
 * One row an event. Positions grow because nothing is ever deleted: SQLite gives `max + 1`, inside the write
 * transaction, so positions appear in the order in which they were given. The id is kept beside `json` because
 * two events of the same bytes and different ids are different events.
 */
export const logSchema = `
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 0),
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  json TEXT NOT NULL,
  UNIQUE (stream, revision)
) STRICT;
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
  BEGIN SELECT raise(ABORT, 'the log is append-only'); END;
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
  BEGIN SELECT raise(ABORT, 'the log is append-only'); END;
`

/** What the schema makes, by name. */
export const logParts = ['events', 'events_are_never_changed', 'events_are_never_deleted'] as const
