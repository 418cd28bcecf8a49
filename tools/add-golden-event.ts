/**
 * Adds an event to the end of the golden log, in the present version of its type, and its line to the list of what is
 * pinned. Prints the name of its file; changes no other.
 */
import { hash } from 'node:crypto'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { currentVersions, isEventType } from '#events/ledger-event.ts'
import { eventId, goldenEvents, kebab } from '#test/events/pinned.ts'
import { canonicalJson } from '#values/canonical-json.ts'
import { isJsonObject, type Json, type JsonObject } from '#values/json.ts'

const usage = 'usage: node tools/add-golden-event.ts TYPE < its data as JSON\n'

const folder = join(import.meta.dirname, '../test/events')

async function main(type = ''): Promise<number> {
  const data: Json = isEventType(type) ? JSON.parse(await text(process.stdin)) : null
  if (!isEventType(type) || !isJsonObject(data)) {
    process.stderr.write(usage)
    return 2
  }
  const golden = goldenEvents()
  const revision = golden.length
  const schemaVersion = currentVersions[type]
  const file = `golden/${revision}-${kebab(type)}-v${schemaVersion}.json`
  const last = golden.at(-1)?.[1]
  const key = `golden ${revision}`
  const idempotency = { key, fingerprint: hash('sha256', key) }
  const fields = { type, schemaVersion, revision: `${revision}`, idempotency, data }
  const contents = sealed({ ...last, ...fields })
  writeFileSync(join(folder, file), contents, { flag: 'wx' })
  appendFileSync(join(folder, 'pinned.sha256'), `${hash('sha256', contents)}  ${file}\n`)
  process.stdout.write(`test/events/${file}\n`)
  return 0
}

/** The text of its file, under an id of its own. */
function sealed(fields: JsonObject): string {
  const contents = { ...fields, id: undefined }
  const id = eventId(canonicalJson(contents))
  const event: JsonObject = JSON.parse(canonicalJson({ ...contents, id }))
  return `${JSON.stringify(event, null, 2)}\n`
}

process.exitCode = await main(process.argv[2])
