/** One record of RFC 4180, with its line end. */
export function csvRecord(fields: readonly string[]): string {
  return `${fields.map(quoted).join(',')}\r\n`
}

/**
 * Free text as a spreadsheet may show it: what would be taken for a formula gets an apostrophe before it. Amounts,
 * times and ids are never passed through here.
 */
export function unexecutable(text: string): string {
  return /^[\s]*[=+\-@]/.test(text) ? `'${text}` : text
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}
