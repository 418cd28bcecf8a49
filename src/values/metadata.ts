/** A client's own notes on a resource: a flat object of strings, at most 64 keys and 16 KiB. */
export type Metadata = Readonly<Record<string, string>>

/** A change to metadata: `null` removes the key, anything else sets it. */
export type MetadataChange = Readonly<Record<string, string | null>>

const metadataKeysMax = 64
const metadataBytesMax = 16 * 1024

/** Applies a change and leaves what it does not name as it was. */
export function changeMetadata(before: Metadata, change: MetadataChange): Metadata {
  const after: Record<string, string> = { ...before }
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete after[key]
    else after[key] = value
  }
  return inKeyOrder(after)
}

/** The same metadata in the order in which canonical JSON keeps it, so that a fresh answer and a replayed one are the same bytes. */
export function inKeyOrder<Value>(
  metadata: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> {
  const keys = Object.keys(metadata)
  if (keys.length < 2) return metadata
  return Object.fromEntries(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Whether metadata keeps to both bounds; its size is that of its JSON in UTF-8. */
export function fitsMetadata(metadata: Metadata): boolean {
  if (Object.keys(metadata).length > metadataKeysMax) return false
  return utf8Length(JSON.stringify(metadata)) <= metadataBytesMax
}

/** Length in bytes of a well-formed string's UTF-8 form. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit >= 0x800) bytes += unit >= 0xd800 && unit <= 0xdfff ? 1 : 2
    else if (unit >= 0x80) bytes += 1
  }
  return bytes
}
