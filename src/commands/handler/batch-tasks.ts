import type { Load } from '#commands/handler/command-room.ts'
import { fingerprintOf } from '#commands/handler/fingerprint.ts'
import {
  type AtomicJob,
  circumstancesOf,
  type SingleJob,
  singleJob,
  type Task,
  taskOf,
} from '#commands/handler/job.ts'
import type { BatchRequest, RefusedOutcome } from '#commands/handler/outcome.ts'
import { keyUsed } from '#commands/handler/refusals.ts'
import type { BatchItem, MalformedItem } from '#commands/parse-command.ts'
import type { BatchMembership } from '#events/envelope.ts'
import { canonicalJson } from '#values/canonical-json.ts'
import { isJsonObject, type Json } from '#values/json.ts'

/** A batch's commands as tasks, each under its own key or the batch's and its index, and the whole batch's fingerprint. */
export type BatchTasks = {
  readonly tasks: readonly (Task | MalformedItem)[]
  readonly fingerprint: string
  /** What it costs to keep the whole of it waiting, with what is malformed. */
  readonly load: Load
}

export function batchTasks(request: BatchRequest): BatchTasks {
  const prepared = request.items.map((item, index) => prepare(request, item, index))
  const commands = prepared.map(({ canonical }) => canonical).join(',')
  const fingerprint = fingerprintOf(
    `{"command":"ExecuteBatch","commands":[${commands}],"mode":"${request.mode}"}`,
  )
  const size = request.items.length
  const tasks = prepared.map(({ task }, index) => {
    const batch: BatchMembership = { fingerprint, index, key: request.key, size }
    return 'malformed' in task ? task : { ...task, batch }
  })
  return { tasks, fingerprint, load: { commands: size, bytes: commands.length } }
}

export function isTask(item: Task | MalformedItem): item is Task {
  return 'command' in item
}

/** @throws {TypeError} for a malformed command: an atomic batch with one is refused before it gets here. */
export function atomicJob(
  request: BatchRequest,
  { tasks, fingerprint }: Omit<BatchTasks, 'load'>,
): AtomicJob {
  const { key, commands, mode } = request
  return {
    ...circumstancesOf(request),
    kind: 'atomic',
    tasks: tasks.map(parsedTask),
    key,
    fingerprint,
    request: { command: 'ExecuteBatch', commands, mode },
    settled: Promise.withResolvers(),
  }
}

/** The batch's own key stands for the whole of it, so no item of it can have that. */
export function independentJob(
  request: BatchRequest,
  task: Task | MalformedItem,
): SingleJob | MalformedItem | RefusedOutcome {
  if (!isTask(task)) return task
  return task.key === request.key ? keyUsed(task.key) : singleJob(request, task)
}

function parsedTask(item: Task | MalformedItem): Task {
  if (isTask(item)) return item
  throw new TypeError('an atomic batch has a malformed command')
}

type Prepared = { readonly task: Task | MalformedItem; readonly canonical: string }

/** An item without a key of its own is, as sent, its request: the canonical form serves both fingerprints. */
function prepare(batch: BatchRequest, item: BatchItem, index: number): Prepared {
  const sent = batch.commands[index] ?? null
  if ('malformed' in item) return { task: item, canonical: canonicalOfMalformed(sent) }
  const { task, canonical } = taskOf(item, item.key ?? `${batch.key}/${index}`)
  return { task, canonical: item.key === undefined ? canonical : canonicalJson(sent) }
}

/** Where there is no canonical form (a lone surrogate, a number too large), that of a value that no item can be. */
function canonicalOfMalformed(sent: Json): string {
  try {
    return canonicalJson(sent)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return `\u0000${canonicalJson(wellFormed(sent))}`
  }
}

/** Different for different values. */
function wellFormed(part: Json): Json {
  if (typeof part === 'string') return wellFormedText(part)
  if (typeof part === 'number') return Number.isFinite(part) ? part : `\u0000${part}`
  if (Array.isArray(part)) return part.map(wellFormed)
  if (!isJsonObject(part)) return part
  const members = Object.entries(part).map(([name, value]) => [
    wellFormedText(name),
    wellFormed(value ?? null),
  ])
  return Object.fromEntries(members)
}

function wellFormedText(text: string): string {
  const isPlain = text.isWellFormed() && !text.startsWith('\u0000')
  return isPlain ? text : `\u0000${JSON.stringify(text)}`
}
