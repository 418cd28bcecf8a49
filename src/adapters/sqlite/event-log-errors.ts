/** The log is not opened, or a backup not made; the message is one sentence for the operator. Nothing was changed. */
export class EventLogRefused extends Error {
  override readonly name = 'EventLogRefused'
}

/** The file is a Daybook log whose bytes are no longer what was written: restore a backup. */
export class EventLogDamaged extends Error {
  override readonly name = 'EventLogDamaged'
}
