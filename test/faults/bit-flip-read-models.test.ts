import { copyFileSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { openSqliteReadModels } from '#adapters/sqlite/read-models.ts'
import { type ReadModels, ReadModelsUnavailable, type StoredDocument } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { flipBit, writtenBefore } from '#test/faults/damaged-log.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { usually } from '#test/support/long-runs.ts'
import { runProgram, startProgram, temporaryFolder } from '#test/support/program.ts'

const flips = usually(100, { long: 5_000 })
const ledgerIds = ['north', 'south']

describe('a bit flip in an old page of the read models', () => {
  it(`is never read as something else: ${flips} flips at random`, async () => {
    await using folder = await temporaryFolder()
    await writtenBefore(folder.path, ledgerIds, 300)
    const path = carriedOver(folder.path)
    const size = readFileSync(path).length
    const whole = await everythingSeen(path)
    expect(whole.refusals).toBe(0)
    const stored = new Map(whole.documents)
    expect(stored.size).toBeGreaterThan(1_000)

    const other = join(folder.path, 'other')
    await mkdir(other)
    let noticed = 0
    for (let flip = 0; flip < flips; flip += 1) {
      const copy = join(other, `${flip}.db`)
      copyFileSync(path, copy)
      const at = { byte: Math.floor(Math.random() * size), bit: Math.floor(Math.random() * 8) }
      flipBit(copy, at)
      const seen = await everythingSeen(copy)
      const changed = seen.documents.filter(([place, text]) => stored.get(place) !== text)
      expect({ at, changed }).toEqual({ at, changed: [] })
      if (seen.refusals > 0) noticed += 1
    }
    expect(noticed).toBeGreaterThan(flips / 4)
  }, 300_000)

  it('is named with its document, which is not served until its read model is rebuilt', async () => {
    await using folder = await temporaryFolder()
    await writtenBefore(folder.path, ['north'], 100)
    const { accountId, type, posted } = await startedFor(folder.path, aBalance)
    const after = `{"accountId":"${accountId}","type":"${type}","status"`
    flipDigit(carriedOver(folder.path), { after, name: '"postedDebits":"' })

    await using program = await startProgram(folder.path)
    using api = new ApiClient(program.url)
    const asked = `/v1/ledgers/north/accounts/${accountId}/balances`
    const answer = await api.get(asked)
    // What the last program had no time for may need the document: then it is parked.
    expect([answer.status, answer.at('code')]).toEqual([
      503,
      expect.stringMatching(/unavailable|parked/),
    ])
    const named = `the document ${accountId} of ledger north in accounts is damaged: rebuild accounts`
    expect(program.lines.join()).toContain(named)
    const found = await runProgram(['rebuild', 'accounts', '--check'], folder.path)
    expect([found.code, found.output]).toEqual([1, expect.stringContaining(`north: ${accountId}`)])
    expect(await runProgram(['rebuild', 'accounts'], folder.path)).toMatchObject({ code: 0 })
    const healed = await api.get(asked)
    expect([healed.status, healed.at('data', 0, 'posted')]).toEqual([200, posted])
    await program.stop()
  }, 60_000)
})

/** Every document as each list has it, and how often there was a refusal instead. */
async function everythingSeen(path: string) {
  const documents: (readonly [string, string])[] = []
  await using models = await openSqliteReadModels({ path })
  let refusals = 0
  for (const listed of everyList) {
    try {
      for await (const [place, text] of everyDocument(models, listed)) documents.push([place, text])
    } catch (error) {
      expect(error).toBeInstanceOf(ReadModelsUnavailable)
      refusals += 1
    }
  }
  return { documents, refusals }
}

type Listed = {
  readonly model: Projection
  readonly orderBy: readonly string[]
  readonly ledgerId: string
}

const everyList: readonly Listed[] = allProjections.flatMap((model) => {
  const orders = model.indexes.filter((fields) => holdsAll(model, fields))
  return orders.flatMap((orderBy) => ledgerIds.map((ledgerId) => ({ model, orderBy, ledgerId })))
})

function holdsAll({ sparse, selective }: Projection, [first = '']: readonly string[]): boolean {
  return ![...(sparse ?? []), ...(selective ?? [])].includes(first)
}

async function* everyDocument(models: ReadModels, { model, orderBy, ledgerId }: Listed) {
  await using view = await models.view(ledgerId)
  const seen = new Set<string>()
  for (let after: readonly string[] | undefined; ; ) {
    const find = { where: [], orderBy, limit: 100, ...(after && { after }) }
    const page = await view.find(model, find)
    for (const { id, revision, document } of page)
      yield [`${ledgerId} ${model.name} ${id}`, `${revision} ${JSON.stringify(document)}`] as const
    const last = page.at(-1)
    if (last === undefined || page.length < find.limit) return
    // Where an index has a document in another place, a list that goes on from its members goes round.
    if (seen.has(last.id)) return
    seen.add(last.id)
    after = [...orderBy.map((field) => memberOf(last, field)), last.id]
  }
}

function memberOf({ document }: StoredDocument, field: string): string {
  const member = document[field]
  return typeof member === 'string' ? member : ''
}

async function startedFor<Result>(
  folder: string,
  work: (api: ApiClient) => Promise<Result>,
): Promise<Result> {
  await using program = await startProgram(folder)
  using api = new ApiClient(program.url)
  const result = await work(api)
  await program.stop()
  return result
}

/** Of an account that was posted to. */
async function aBalance(api: ApiClient) {
  const accounts = await api.get('/v1/ledgers/north/accounts?limit=1')
  const [accountId, type] = [
    accounts.string('data', 0, 'accountId'),
    accounts.string('data', 0, 'type'),
  ]
  return { accountId, type, posted: accounts.string('data', 0, 'balances', 0, 'posted') }
}

/** Flips the lowest bit of the first digit after some text, wherever that stands: pages keep what was replaced, too. */
function flipDigit(path: string, { after, name }: { readonly after: string; name: string }): void {
  const bytes = readFileSync(path)
  const places = new Set<number>()
  for (let at = bytes.indexOf(after); at >= 0; at = bytes.indexOf(after, at + 1))
    places.add(bytes.indexOf(name, at) + name.length)
  expect(places.size).toBeGreaterThan(0)
  for (const byte of places) flipBit(path, { byte, bit: 0 })
}

/** The file of the read models, without a write-ahead log beside it that has newer pages. */
function carriedOver(folder: string): string {
  const path = join(folder, 'data', 'read-models.db')
  using database = new DatabaseSync(path)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  return path
}
