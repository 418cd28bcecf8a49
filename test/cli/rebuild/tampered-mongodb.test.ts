import { MongoClient } from 'mongodb'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { daybook, deposit, ndjson, openingRows } from '#test/cli/daybook.ts'
import { startProgram, temporaryFolder } from '#test/support/program.ts'
import { describeWith, type Servers } from '#test/support/servers/describe-with.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

describeWith(['mongodb'], 'read models in MongoDB that somebody has changed', (servers) => {
  it('are told of ledger by ledger and model by model where a ledger can’t be read', async () => {
    await using found = await projected(servers)
    const rows = found.client.db(found.database).collection('accounts_v1')
    await rows.updateOne({ ledgerId: 'acme', id: 'bank' }, { $inc: { revision: 5n } })
    const said = `acme: can't be read as of its checkpoint at revision 4: a document is ahead of it`
    const checked = await daybook(['rebuild', 'accounts', 'ledgers', '--check'], found.run)
    expect([checked.code, checked.stderr]).toEqual([1, ''])
    expect(checked.stdout).toMatch(/^accounts v1: not all could be read to be compared \(2 docum/)
    expect(checked.stdout).toContain(`\n  ${said}\nledgers v1: 2 documents, equal`)
    const verified = await daybook(['verify-books'], found.run)
    expect([verified.code, verified.stderr]).toEqual([1, ''])
    expect(verified.stdout).toContain(said.replace(': ', ': read-model: accounts: '))
    expect(verified.stdout).toMatch(/ findings 1\n$/)
    const healed = await daybook(['rebuild', 'accounts'], found.run)
    expect(healed.code).toBe(0)
    expect(await daybook(['rebuild', '--all', '--check'], found.run)).toMatchObject({ code: 0 })
  })

  it('are told of where a checkpoint was set back', async () => {
    await using found = await projected(servers)
    const rows = found.client.db(found.database).collection('checkpoints')
    const { modifiedCount } = await rows.updateOne(
      { ledgerId: 'acme', model: 'accounts' },
      { $inc: { revision: -2n } },
    )
    expect(modifiedCount).toBe(1)
    const checked = await daybook(['rebuild', 'accounts', 'ledgers', '--check'], found.run)
    expect([checked.code, checked.stderr]).toEqual([1, ''])
    expect(checked.stdout).toMatch(/^ {2}acme: can't be read as of its checkpoint at revision 2: /m)
    expect(checked.stdout).toMatch(/^ {2}acme: applied up to revision 2, 2 events behind, /m)
    expect(checked.stdout).toMatch(/^ledgers v1: 2 documents, equal/m)
  })

  it('are told of where an index is missing, or has other keys', async () => {
    await using found = await projected(servers)
    const rows = found.client.db(found.database).collection('accounts_v1')
    const index = 'by_ledger_status_accountId_id'
    await rows.dropIndex(index)
    const said = `the index ${index} of accounts_v1 is`
    await expectFault(found.run, `${said} missing`)
    await rows.createIndex({ ledgerId: 1, 'fields.status': 1 }, { name: index })
    await expectFault(found.run, `${said} not as the program makes it`)
    await rows.dropIndex(index)
    await using next = await startProgram(found.run.folder, found.run.settings)
    const given = ['rebuild', 'accounts', '--check']
    await vi.waitFor(
      async () => expect(await daybook(given, found.run)).toMatchObject({ code: 0 }),
      {
        timeout: 20_000,
        interval: 100,
      },
    )
    await next.stop()
  }, 60_000)

  it.each(['accounts', 'entries'])(
    'are counted and named where a document has a copy: %s',
    async (model) => {
      await using found = await projected(servers)
      const rows = found.client.db(found.database).collection<{ _id: string }>(`${model}_v1`)
      const count = await rows.countDocuments()
      const row = await rows.findOne({ ledgerId: 'acme' })
      if (row !== null) await rows.insertOne({ ...row, _id: `${row._id}~copy` })
      const { code, stdout } = await daybook(['rebuild', model, '--check'], found.run)
      expect(code).toBe(1)
      expect(stdout).toContain(`documents differ (live ${count + 1}, rebuilt ${count});`)
      expect(stdout).toMatch(/\n {2}acme: [^\n]*(~copy|stored more than once), damaged or found by/)
    },
  )
})

async function expectFault(run: Run, said: string): Promise<void> {
  const checked = await daybook(['rebuild', 'holds', '--check'], run)
  expect([checked.code, checked.stderr]).toEqual([1, ''])
  expect(checked.stdout).toMatch(/^holds v1: 0 documents, equal/m)
  expect(checked.stdout).toContain(`the read models: ${said}\n`)
  const verified = await daybook(['verify-books'], run)
  expect([verified.code, verified.stderr]).toEqual([1, ''])
  expect(verified.stdout).toContain(`read-models: ${said}\n`)
  expect(verified.stdout).toMatch(/ findings 1\n$/)
}

type Run = Awaited<ReturnType<typeof projected>>['run']

/** Two ledgers that a program has projected into a database of their own; it is stopped again. */
async function projected(servers: Servers) {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await temporaryFolder())
  const { url } = servers.mongodb()
  const database = aNamespace()
  const settings = { DAYBOOK_READ_MODELS: url, DAYBOOK_NAMESPACE: database }
  const run = { folder: folder.path, settings }
  const rows = [...openingRows, deposit('100'), deposit('50')]
  const more = rows.map((row) => ({ ...row, ledgerId: 'more' }))
  await daybook(['import', '-'], { ...run, input: ndjson([...rows, ...more]) })
  await using program = await startProgram(folder.path, settings)
  while (await isBehind(program.url)) await sleep(20)
  await program.stop()
  const client = opening.use(await new MongoClient(url, { useBigInt64: true }).connect())
  opening.defer(async () => void (await client.db(database).dropDatabase()))
  const opened = opening.move()
  return { client, database, run, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function isBehind(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/v1/projections`)
  const { data } = JSON.parse(await answer.text())
  return data.some(({ lagEvents }: { lagEvents: number }) => lagEvents > 0)
}
