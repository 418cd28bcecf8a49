/** What a walk in Markdown says to do to a file: make it, or replace one run of lines by another. */
export type Edit =
  | { readonly path: string; readonly makes: string }
  | { readonly path: string; readonly replaces: string; readonly by: string }

/** A line that begins with a file's path, which may be `new`, or a fenced block. */
const pathOrBlock = /^`([\w./-]+\.ts)`(, new)?|^```(\w*)\n([\s\S]*?)^```$/gm

/**
 * The edits of a walk, in order. A block stands below a line that begins with its file's path; `diff` blocks change
 * that file, a `ts` block below a path that is `new` is the whole of it.
 */
export function editsIn(markdown: string): readonly Edit[] {
  const edits: Edit[] = []
  let [path, isNew] = ['', false]
  for (const [, named, made, kind, block = ''] of markdown.matchAll(pathOrBlock)) {
    if (named !== undefined) [path, isNew] = [named, made !== undefined]
    else if (kind === 'diff') edits.push({ path, ...sidesOf(block) })
    else if (kind === 'ts' && isNew) edits.push({ path, makes: block })
  }
  return edits
}

function sidesOf(block: string): { replaces: string; by: string } {
  const without = (sign: '+' | '-') =>
    block
      .split(/(?<=\n)/)
      .filter((line) => !line.startsWith(sign))
      .map((line) => line.slice(1))
      .join('')
  return { replaces: without('+'), by: without('-') }
}
