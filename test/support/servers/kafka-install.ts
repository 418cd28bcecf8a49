import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { cacheFolder, jarsOf, makeOnce } from './jars.ts'
import { findJava } from './java.ts'
import { JavaProcess, makeServerFolder, shortLivedFlags } from './java-process.ts'
import { kafkaAnswers } from './kafka-ready.ts'
import {
  type KafkaSettings,
  kafkaProperties,
  log4jProperties,
  type SaslUser,
  saslMechanisms,
} from './kafka-settings.ts'

/** What is made once on a machine and used by every broker. */
export type KafkaInstall = {
  readonly classPath: string
  /** A formatted data folder, to copy. */
  readonly template: string
  /** The archive of loaded classes: a start takes half as long. */
  readonly archive: string | undefined
}

/** A random one that began with `-` would break the format tool. */
const clusterId = 'daybook-test-cluster-1'
const formatMsMax = 60_000
const recordMsMax = 60_000

let installed: Promise<KafkaInstall> | undefined

/** Downloads, formats and records unless that was done before: some 15 s the first time. */
export function installKafka(): Promise<KafkaInstall> {
  installed ??= install()
  return installed
}

async function install(): Promise<KafkaInstall> {
  const classPath = await jarsOf('kafka')
  const template = join(cacheFolder('kafka'), 'formatted')
  await makeOnce(template, (partial) => makeTemplate(classPath, partial))
  return { classPath, template, archive: await archiveOf(classPath) }
}

/** Undefined where it could not be made: brokers start without it, only later. */
async function archiveOf(classPath: string): Promise<string | undefined> {
  const version = findJava()?.version
  if (version === undefined) return undefined
  const archive = join(cacheFolder('kafka'), `classes-${version}.jsa`)
  try {
    await makeOnce(archive, (partial) => recordClasses(classPath, partial))
    return archive
  } catch (error) {
    process.stderr.write(`no archive of the broker's classes: ${String(error)}\n`)
    return undefined
  }
}

/** Formats `settings.data`, by the properties file that stands beside it. SCRAM users are made here. */
export async function formatKafka(
  classPath: string,
  properties: string,
  sasl?: SaslUser,
): Promise<void> {
  const users = saslMechanisms
    .filter((mechanism) => sasl !== undefined && mechanism !== 'PLAIN')
    .flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${sasl?.username},password=${sasl?.password}]`,
    ])
  const tool = ['-cp', classPath, 'kafka.tools.StorageTool', 'format']
  const given = ['-t', clusterId, '-c', properties, ...users]
  await promisify(execFile)(findJava()?.path ?? 'java', [...shortLivedFlags, ...tool, ...given], {
    timeout: formatMsMax,
  })
}

/** The command line of a broker, after `java`. */
export function kafkaArguments(
  folder: string,
  classPath: string,
  ...flags: readonly string[]
): string[] {
  const logging = `-Dlog4j2.configurationFile=${join(folder, 'log4j2.properties')}`
  const given = ['-cp', classPath, 'kafka.Kafka', join(folder, 'server.properties')]
  return ['-Xmx256m', ...shortLivedFlags, ...flags, logging, ...given]
}

/** Writes the files that `kafkaArguments` names. Resolves to the path of the properties. */
export async function writeKafkaFiles(folder: string, settings: KafkaSettings): Promise<string> {
  const properties = join(folder, 'server.properties')
  await writeFile(properties, kafkaProperties(settings))
  await writeFile(join(folder, 'log4j2.properties'), log4jProperties)
  return properties
}

async function makeTemplate(classPath: string, path: string): Promise<void> {
  const folder = `${path}.files`
  await mkdir(folder, { recursive: true })
  try {
    const properties = await writeKafkaFiles(folder, await plainSettings(path))
    await formatKafka(classPath, properties)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs a broker once, which writes the archive when it ends. */
async function recordClasses(classPath: string, archive: string): Promise<void> {
  const folder = await makeServerFolder('kafka')
  const settings = await plainSettings(join(folder, 'data'))
  const properties = await writeKafkaFiles(folder, settings)
  await formatKafka(classPath, properties)
  const record = `-XX:ArchiveClassesAtExit=${archive}`
  await using broker = new JavaProcess(folder, kafkaArguments(folder, classPath, record))
  await broker.start(() => kafkaAnswers(settings.ports.inner))
  await broker.stop(recordMsMax)
}

async function plainSettings(data: string): Promise<KafkaSettings> {
  const ports = {
    client: await freePort(),
    inner: await freePort(),
    controller: await freePort(),
  }
  const advertised = `127.0.0.1:${ports.client}`
  return { data, ports, advertised, sasl: undefined, keystore: undefined, properties: {} }
}
