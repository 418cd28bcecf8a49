import { MongoClient, MongoServerError } from 'mongodb'
import { expect, it } from 'vitest'
import { describeWith } from '#test/support/servers/describe-with.ts'
import { startMongodb } from '#test/support/servers/mongodb.ts'
import { aNamespace } from '#test/support/servers/namespace.ts'

type Account = { readonly _id: string; readonly revision: number; readonly owner: string }

const writers = 50

describeWith(['mongodb'], 'the shared MongoDB', (servers) => {
  it('greets the driver and opens sessions', async () => {
    await using client = await connect(servers.mongodb().url)
    const hello = await client.db('admin').command({ hello: 1 })
    expect(hello).toMatchObject({ ok: 1, isWritablePrimary: true })
    await client.withSession(async (session) => {
      await client.db(aNamespace()).collection('any').insertOne({}, { session })
    })
  })

  it('refuses what a unique index forbids', async () => {
    await using client = await connect(servers.mongodb().url)
    const accounts = accountsOf(client)
    await accounts.createIndex({ owner: 1 }, { unique: true })
    await accounts.insertOne({ _id: 'cash', revision: 1, owner: 'alice' })
    const second = accounts.insertOne({ _id: 'bank', revision: 1, owner: 'alice' })
    await expect(second).rejects.toMatchObject({ code: 11000 })
  })

  it('refuses a guarded upsert of something older', async () => {
    await using client = await connect(servers.mongodb().url)
    const accounts = accountsOf(client)
    expect(await upsert(accounts, 2)).toBe('applied')
    expect(await upsert(accounts, 1)).toBe('refused')
    expect(await accounts.findOne({ _id: 'cash' })).toMatchObject({ revision: 2 })
  })

  it('keeps the newest of many that race', async () => {
    await using client = await connect(servers.mongodb().url)
    const accounts = accountsOf(client)
    const revisions = Array.from({ length: writers }, (_, index) => index + 1)
    const outcomes = await Promise.all(revisions.map((revision) => upsert(accounts, revision)))
    expect(outcomes[writers - 1]).toBe('applied')
    expect(await accounts.findOne({ _id: 'cash' })).toMatchObject({ revision: writers })
  })
})

describeWith(['mongodb-process'], 'a stand-in of its own', () => {
  it('is empty again after a restart on the same port', async () => {
    await using server = await startMongodb()
    await using client = await connect(server.url)
    const accounts = accountsOf(client)
    await upsert(accounts, 1)

    await server.kill()
    await server.restart()

    expect(await accounts.countDocuments()).toBe(0)
  })
})

async function connect(url: string): Promise<MongoClient> {
  return await new MongoClient(url, { serverSelectionTimeoutMS: 5_000 }).connect()
}

function accountsOf(client: MongoClient) {
  return client.db(aNamespace()).collection<Account>('accounts')
}

async function upsert(
  accounts: ReturnType<typeof accountsOf>,
  revision: number,
): Promise<'applied' | 'refused'> {
  try {
    const guard = { _id: 'cash', revision: { $lt: revision } }
    await accounts.updateOne(guard, { $set: { revision } }, { upsert: true })
    return 'applied'
  } catch (error) {
    if (error instanceof MongoServerError && error.code === 11000) return 'refused'
    throw error
  }
}
