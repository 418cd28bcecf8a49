import { setTimeout as sleep } from 'node:timers/promises'
import { brokerNames } from '#adapters/kafka/connection.ts'
import type { Config } from '#config.ts'

/** By the name that `/health/ready` shows; each rejects when the dependency cannot serve. */
export type HealthChecks = Readonly<Record<string, () => Promise<unknown>>>

/** What this process needs does not serve: one sentence for each, all of them. */
export class DependenciesUnavailable extends Error {
  override readonly name = 'DependenciesUnavailable'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

const checkMsMax = 10_000

/** Asks every dependency once, all at the same time. @throws {DependenciesUnavailable} naming each that doesn't serve. */
export async function requireServing(config: Config, checks: HealthChecks): Promise<void> {
  const problems = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const problem = await problemOf(check)
      return problem === undefined ? [] : [sentenceOf(serverOf(config, name), problem)]
    }),
  )
  const found = problems.flat()
  if (found.length > 0) throw new DependenciesUnavailable(found)
}

async function problemOf(check: () => Promise<unknown>): Promise<string | undefined> {
  const late = new AbortController()
  const tooLate = async () => {
    await sleep(checkMsMax, undefined, { signal: late.signal })
    throw new Error(`no answer in ${checkMsMax / 1000} s`)
  }
  try {
    await Promise.race([check(), tooLate()])
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    late.abort()
  }
}

/** What a dependency is and where, without the names and passwords that its URL may carry. */
type Server = { readonly name: string; readonly at?: string }

function serverOf({ eventStore, feed, readModels }: Config, name: string): Server {
  const servers: Readonly<Record<string, Server>> = {
    'event-store': {
      name: 'the event store',
      ...(eventStore.engine === 'eventstoredb' && {
        at: `EventStoreDB at ${hostsOf(eventStore.url)}`,
      }),
    },
    'read-models': {
      name: 'the read models',
      ...(readModels.engine === 'mongodb' && { at: `MongoDB at ${hostsOf(readModels.url)}` }),
    },
    broker: {
      name: 'the broker',
      ...(feed.engine === 'kafka' && { at: `Kafka at ${brokerNames(feed.connection)}` }),
    },
  }
  return servers[name] ?? { name }
}

/** Where the server is told once, also where its own words begin with it. */
function sentenceOf({ name, at }: Server, problem: string): string {
  if (at === undefined) return `${name}: ${problem}`
  const own = problem.startsWith(`${at}: `) ? problem.slice(at.length + 2) : problem
  return `${name} (${at}): ${own}`
}

function hostsOf(url: string): string {
  const authority = /^[a-z+]+:\/\/([^/?#]*)/.exec(url)?.[1] ?? ''
  return authority.slice(authority.lastIndexOf('@') + 1)
}
