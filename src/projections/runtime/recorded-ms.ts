/** The same as `recordedAtIn`, as a number. NaN where the event says no time. */
export function recordedMs(json: string): number {
  return Date.parse(recordedAtIn(json) ?? '')
}

/** When an event was recorded, as it says, without decoding it. The last member of that name is the envelope's: `data` comes before it. */
export function recordedAtIn(json: string): string | undefined {
  const member = '"recordedAt":"'
  const at = json.lastIndexOf(member)
  const from = at + member.length
  return at === -1 ? undefined : json.slice(from, json.indexOf('"', from))
}
