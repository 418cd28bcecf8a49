import process from 'node:process'
import { dockerAnswers } from './docker-answers.ts'
import { canStartDouble } from './eventstoredb.ts'
import { haveJars, type JarsName, jarsOf } from './jars.ts'
import { findJava, findProgram } from './java.ts'

/**
 * What a suite may need. `-process`: one of its own, to kill and pause. `-real`: not a stand-in or double. `daybook`: the
 * program itself, `-cluster` with a process for each role.
 */
export type Need =
  | 'kafka'
  | 'kafka-process'
  | 'mongodb'
  | 'mongodb-process'
  | 'mongodb-real'
  | 'eventstoredb'
  | 'eventstoredb-real'
  | 'daybook'
  | 'daybook-cluster'

/** How a need is met, or one sentence why it isn't. */
export type Chance =
  | { readonly by: 'url' | 'docker' | 'process' | 'double' }
  | { readonly unavailable: string }

export type Chances = Readonly<Record<Need, Chance>>

export type ServerName = 'kafka' | 'mongodb' | 'eventstoredb'

/** Set to `none`: as if this machine had no server, no Docker and no Java. */
const switchName = 'DAYBOOK_TEST_SERVERS'

const urlNames = { kafka: 'KAFKA_URL', mongodb: 'MONGODB_URL', eventstoredb: 'EVENTSTORE_URL' }

/** The URL of a server that somebody runs, from the environment. */
export function urlOf(name: ServerName): string | undefined {
  return process.env[urlNames[name]] || undefined
}

/** What can be had on this machine. Starts nothing, but downloads the jars where it is the first to want them. */
export async function findChances(): Promise<Chances> {
  if (process.env[switchName] === 'none') return nothing(`${switchName}=none`)
  const docker = await dockerAnswers()
  const kafkaProcess = await processChance('kafka')
  const mongodbProcess = await processChance('mongodb')
  const served = (name: ServerName): Chance =>
    urlOf(name)
      ? { by: 'url' }
      : docker
        ? { by: 'docker' }
        : { unavailable: `neither ${urlNames[name]} nor Docker` }
  const kafka = either(served('kafka'), kafkaProcess)
  const mongodb = either(served('mongodb'), mongodbProcess)
  const eventstoredb = either(served('eventstoredb'), doubleChance())
  return {
    kafka,
    'kafka-process': kafkaProcess,
    mongodb,
    'mongodb-process': mongodbProcess,
    'mongodb-real': served('mongodb'),
    eventstoredb,
    'eventstoredb-real': served('eventstoredb'),
    daybook: { by: 'process' },
    'daybook-cluster': all({ eventstoredb, kafka, mongodb }),
  }
}

function nothing(reason: string): Chances {
  const unavailable: Chance = { unavailable: reason }
  return {
    kafka: unavailable,
    'kafka-process': unavailable,
    mongodb: unavailable,
    'mongodb-process': unavailable,
    'mongodb-real': unavailable,
    eventstoredb: doubleChance(),
    'eventstoredb-real': unavailable,
    daybook: { by: 'process' },
    'daybook-cluster': unavailable,
  }
}

/** Processes on servers, each of which has to be there; all reasons if some aren't. */
function all(servers: Readonly<Record<string, Chance>>): Chance {
  const reasons = Object.entries(servers).flatMap(([name, chance]) =>
    'unavailable' in chance ? [`no ${name}: ${chance.unavailable}`] : [],
  )
  return reasons.length > 0 ? { unavailable: reasons.join('; ') } : { by: 'process' }
}

/** The first that isn't unavailable; both reasons if both are. */
function either(first: Chance, second: Chance): Chance {
  if ('by' in first) return first
  if ('by' in second) return second
  return { unavailable: `${first.unavailable}; ${second.unavailable}` }
}

function doubleChance(): Chance {
  return canStartDouble() ? { by: 'double' } : { unavailable: 'there is no double yet' }
}

async function processChance(name: JarsName): Promise<Chance> {
  if (findJava() === undefined) return { unavailable: 'no Java 17 or newer' }
  if (!haveJars(name) && findProgram('mvn') === undefined) return { unavailable: 'no Maven' }
  try {
    await jarsOf(name)
    return { by: 'process' }
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) }
  }
}
