import { commandNamed } from '#commands/catalogue.ts'
import type { Command } from '#commands/command.ts'
import { fingerprinted } from '#commands/handler/fingerprint.ts'
import type { BatchOutcome, Circumstances, Outcome } from '#commands/handler/outcome.ts'
import type { ParsedItem } from '#commands/parse-command.ts'
import type { BatchMembership } from '#events/envelope.ts'
import type { JsonObject } from '#values/json.ts'

/** One command on its way to a decision. */
export type Task = {
  readonly command: Command<unknown>
  readonly input: unknown
  readonly request: JsonObject
  readonly key: string
  readonly fingerprint: string
  /** Length of the canonical request: what it costs to keep waiting. */
  readonly size: number
  readonly batch?: BatchMembership
}

/** What waits in a ledger's queue and is settled once. */
export type Job = SingleJob | AtomicJob

export type SingleJob = Circumstances & {
  readonly kind: 'single'
  readonly task: Task
  readonly settled: PromiseWithResolvers<Outcome>
}

/** All tasks or none, under the batch's own key. */
export type AtomicJob = Circumstances & {
  readonly kind: 'atomic'
  readonly tasks: readonly Task[]
  readonly key: string
  readonly fingerprint: string
  readonly request: JsonObject
  readonly settled: PromiseWithResolvers<BatchOutcome>
}

export function tasksOf(job: Job): readonly Task[] {
  return job.kind === 'single' ? [job.task] : job.tasks
}

/** The key that the answer to a job is found by. */
export function keyOf(job: Job): string {
  return job.kind === 'atomic' ? job.key : job.task.key
}

/** The keys that a job would give an outcome to. */
export function keysOf(job: Job): readonly string[] {
  const keys = tasksOf(job).map(({ key }) => key)
  return job.kind === 'atomic' ? [job.key, ...keys] : keys
}

/** Whether it would give the key an outcome. */
export function givesOutcomeTo(job: Job, key: string): boolean {
  return keyOf(job) === key || (job.kind === 'atomic' && job.tasks.some((task) => task.key === key))
}

/** Whether it may come to no event at all; such commands are in no batch. */
export function mayWriteNothing(job: Job): boolean {
  return job.kind === 'single' && job.task.command.mayDoNothing === true
}

/** Revisions of the earlier events that deciding this will ask for. */
export function revisionsSeenBy({ command, input }: Pick<Task, 'command' | 'input'>) {
  return command.looksAt?.(input) ?? []
}

/**
 * A parsed command as a task under a key, and the canonical form of its request.
 * @throws {TypeError} for a command that was never parsed: callers hand in what `parseCommand` gave.
 */
export function taskOf(item: ParsedItem, key: string): { task: Task; canonical: string } {
  const command = commandNamed(item.command)
  if (command === undefined) throw new TypeError(`there is no command ${item.command}`)
  const { canonical, fingerprint } = fingerprinted(item.request)
  const { input, request } = item
  const task = { command, input, request, key, fingerprint, size: canonical.length }
  return { task, canonical }
}

export function singleJob(circumstances: Circumstances, task: Task): SingleJob {
  return {
    ...circumstancesOf(circumstances),
    kind: 'single',
    task,
    settled: Promise.withResolvers(),
  }
}

export function circumstancesOf(request: Circumstances): Circumstances {
  const { actor, correlationId, causationId } = request
  return { actor, correlationId, causationId }
}
