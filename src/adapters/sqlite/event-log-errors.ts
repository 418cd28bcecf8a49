/** The log is not opened, or a backup not made; the message is one sentence for the operator. Nothing was changed. */
export class EventLogRefused extends Error {
  override readonly name = 'EventLogRefused'
}
