import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const pageSize = 4096
const leafType = 10

/** One way in which pages are not where they were written, though each of them is whole. */
export type Misplacement = readonly [name: string, damage: (bytes: Buffer) => void]

/**
 * Of the B-tree of a table without rowids: every bit of a pointer that leads to another of its leaves then, neighbours
 * swapped, and neighbours written over each other.
 */
export function misplacements(path: string, table: string): readonly Misplacement[] {
  const bytes = readFileSync(path)
  const { leaves, pointers } = treeOf(path, table)
  const flips = pointers.flatMap((at) =>
    Array.from({ length: 32 }, (_, bit) => (bytes.readUInt32BE(at) ^ (1 << bit)) >>> 0)
      .filter((page) => leaves.includes((page - 1) * pageSize))
      .map((page): Misplacement => [`flip at ${at}`, (all) => all.writeUInt32BE(page, at)]),
  )
  const moves = leaves.slice(1).flatMap((at, index): Misplacement[] => {
    const before = leaves[index] ?? 0
    return [
      [`swap of ${before} and ${at}`, (all) => swap(all, [before, at])],
      [`copy of ${before} to ${at}`, (all) => copy(all, [before, at])],
      [`copy of ${at} to ${before}`, (all) => copy(all, [at, before])],
    ]
  })
  return [...flips, ...moves]
}

/** Every leaf of one table swapped with every leaf of another one. */
export function exchanges(path: string, one: string, other: string): readonly Misplacement[] {
  return treeOf(path, one).leaves.flatMap((a) =>
    treeOf(path, other).leaves.map((b): Misplacement => {
      return [`swap of ${a} and ${b}`, (all) => swap(all, [a, b])]
    }),
  )
}

type Move = readonly [from: number, to: number]

function swap(bytes: Buffer, [one, other]: Move): void {
  const page = Buffer.from(bytes.subarray(one, one + pageSize))
  copy(bytes, [other, one])
  bytes.set(page, other)
}

function copy(bytes: Buffer, [from, to]: Move): void {
  bytes.copyWithin(to, from, from + pageSize)
}

/**
 * Where leaf pages are in the file, and the pointers to pages. By the file's format: a page has its type, the number of
 * its cells and their places; a cell begins with the page before it, and the last page is in the header.
 */
function treeOf(path: string, table: string) {
  const bytes = readFileSync(path)
  const [leaves, pointers]: [number[], number[]] = [[], []]
  const walk = (page: number) => {
    const at = (page - 1) * pageSize
    if (bytes[at] === leafType) return void leaves.push(at)
    const count = bytes.readUInt16BE(at + 3)
    const cells = Array.from({ length: count }, (_, cell) => bytes.readUInt16BE(at + 12 + 2 * cell))
    for (const pointer of [...cells, 8].map((place) => at + place)) {
      pointers.push(pointer)
      walk(bytes.readUInt32BE(pointer))
    }
  }
  walk(rootOf(path, table))
  if (leaves.length < 3) throw new Error(`${table} has too few pages`)
  return { leaves, pointers }
}

function rootOf(path: string, table: string): number {
  using database = new DatabaseSync(path, { readOnly: true })
  const find = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?')
  return Number(find.get(table)?.['rootpage'])
}
