/** What a walk in Markdown says to do to a file: make it, or replace one run of lines by another. */
export type Edit =
  | { readonly path: string; readonly makes: string }
  | { readonly path: string; readonly replaces: string; readonly by: string }

const pathLine = /^`([\w./-]+\.ts)`(, new)?/
const fence = /^```(\w*)$/

/**
 * The edits of a walk, in order. A block stands below a line that begins with its file's path; `diff` blocks change
 * that file, a `ts` block below a path that is `new` is the whole of it.
 */
export function editsIn(markdown: string): readonly Edit[] {
  const edits: Edit[] = []
  let [path, isNew] = ['', false]
  const lines = markdown.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const named = pathLine.exec(lines[at] ?? '')
    if (named !== null) [path, isNew] = [named[1] ?? '', named[2] !== undefined]
    const kind = fence.exec(lines[at] ?? '')?.[1]
    if (kind === undefined) continue
    const end = lines.indexOf('```', at + 1)
    const block = lines.slice(at + 1, end)
    if (kind === 'diff') edits.push({ path, ...sidesOf(block) })
    if (kind === 'ts' && isNew) edits.push({ path, makes: `${block.join('\n')}\n` })
    at = end
  }
  return edits
}

function sidesOf(block: readonly string[]): { replaces: string; by: string } {
  const side = (other: '+' | '-') =>
    block
      .filter((line) => !line.startsWith(other))
      .map((line) => `${line.slice(1)}\n`)
      .join('')
  return { replaces: side('+'), by: side('-') }
}
