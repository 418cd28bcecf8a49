/** When an event was recorded, without decoding it. NaN where the event says no time. The last member of that name is the envelope's: `data` comes before it. */
export function recordedMs(json: string): number {
  const member = '"recordedAt":"'
  const at = json.lastIndexOf(member)
  const from = at + member.length
  return at === -1 ? Number.NaN : Date.parse(json.slice(from, json.indexOf('"', from)))
}
