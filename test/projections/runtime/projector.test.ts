import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '#events/envelope.ts'
import { FeedUnavailable } from '#ports/event-feed.ts'
import { EventStoreUnavailable, type StoredEvent } from '#ports/event-store.ts'
import { type ReadModelWriter, ReadModelsUnavailable } from '#ports/read-models.ts'
import { accounts } from '#projections/accounts.ts'
import { allProjections } from '#projections/all-projections.ts'
import { commands } from '#projections/commands.ts'
import { ledgers } from '#projections/ledgers.ts'
import { createProjector, type ProjectorParts } from '#projections/runtime/projector.ts'
import { trialBalances } from '#projections/trial-balances.ts'
import {
  accountOpened,
  commandRejected,
  ledgerOpened,
  recordedAtOf,
  transactionPosted,
} from '#test/support/examples.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { rewritten, stored, streamsOf } from '#test/support/stored-events.ts'

/** A ledger that opens, opens two accounts, sees one deposit and one refusal: revisions 0 to 4. */
function historyOf(ledgerId: string): readonly RecordedEvent[] {
  return [
    ledgerOpened({}, { ledgerId, revision: 0n }),
    accountOpened({ accountId: 'bank:cash' }, { ledgerId, revision: 1n }),
    accountOpened({ accountId: 'users:alice' }, { ledgerId, revision: 2n }),
    transactionPosted({}, { ledgerId, revision: 3n }),
    commandRejected({}, { ledgerId, revision: 4n }),
  ]
}

const acme = historyOf('acme').map((event) => stored(event))
const umbra = historyOf('umbra').map((event) => stored(event))

/** Like acme, but nobody ever opened Alice's account: what happens at 3 can't have happened. */
const poisoned = acme.map((event) =>
  event.revision === 2n ? stored(commandRejected({}, { revision: 2n })) : event,
)

function setUp(log: readonly StoredEvent[], parts: Partial<ProjectorParts> = {}) {
  const models = openMemoryReadModels()
  const { logger, lines } = recordingLogger()
  const limits = { retryDelayFirstMs: 1, retryDelayMaxMs: 2, ...parts.limits }
  const all = {
    projections: allProjections,
    writer: models,
    store: streamsOf(log),
    logger,
    ...parts,
  }
  const start = () => createProjector({ ...all, limits })
  return { models, lines, start, projector: start() }
}

const deposited = { postedDebits: '0', postedCredits: '2500' }

async function aliceIn(models: ReturnType<typeof openMemoryReadModels>, ledgerId = 'acme') {
  await using view = await models.view(ledgerId)
  const found = await view.get(accounts, 'users:alice')
  return found?.document['balances']
}

describe('a batch', () => {
  it('is applied to every model of every ledger, in one commit', async () => {
    const { models, projector } = setUp([...acme, ...umbra])
    let commits = 0
    const writer: ReadModelWriter = {
      ...models,
      commit: (changes) => {
        commits += 1
        return models.commit(changes)
      },
    }
    await createProjector({
      projections: allProjections,
      writer,
      store: streamsOf([]),
      logger: recordingLogger().logger,
    }).apply([...acme.slice(0, 3), ...umbra, ...acme.slice(3)])
    expect(commits).toBe(1)
    for (const model of allProjections)
      for (const ledgerId of ['acme', 'umbra'])
        expect(await models.checkpoint(model, ledgerId)).toEqual({
          revision: 4n,
          recordedAt: recordedAtOf(4n),
        })
    expect(await aliceIn(models, 'umbra')).toMatchObject([deposited])
    expect(projector.counters().retries).toBe(0)
  })

  it('may hold streams that are no ledger', async () => {
    const { models, projector } = setUp(acme)
    const [first] = acme
    if (first === undefined) throw new Error('acme has events')
    await projector.apply([{ ...first, stream: 'daybook-relay' }, ...acme])
    expect((await models.checkpoints(ledgers)).size).toBe(1)
  })

  it('changes nothing when it comes again, and is counted', async () => {
    const { models, projector } = setUp(acme)
    await projector.apply(acme)
    await projector.apply([...acme.slice(2), ...acme.slice(3)])
    expect(await aliceIn(models)).toMatchObject([deposited])
    expect(countersOf(projector, 'accounts')).toMatchObject({
      eventsApplied: 5,
      duplicatesDropped: 5,
      gapsHealed: 0,
    })
  })

  it('is split into commits where it changes many documents', async () => {
    const { models, projector } = setUp(acme, { limits: { commitDocuments: 2, runEvents: 4 } })
    await projector.apply(acme)
    expect(await aliceIn(models)).toMatchObject([deposited])
    for (const model of allProjections)
      expect((await models.checkpoint(model, 'acme'))?.revision).toBe(4n)
    expect(projector.counters().retries).toBe(0)
  })
})

describe('a gap', () => {
  it('is filled from the log, page by page, and counted once', async () => {
    const { models, projector } = setUp(acme, { limits: { gapPageEvents: 2 } })
    await projector.apply(acme.slice(4))
    expect(await aliceIn(models)).toMatchObject([deposited])
    expect(countersOf(projector, 'entries')).toMatchObject({ eventsApplied: 5, gapsHealed: 1 })
  })

  it('may be in the middle of a batch', async () => {
    const { models, projector } = setUp(acme)
    await projector.apply([...acme.slice(0, 2), ...acme.slice(4)])
    expect(await aliceIn(models)).toMatchObject([deposited])
    expect(countersOf(projector, 'commands').gapsHealed).toBe(1)
  })

  it('is what an event is that came unreadable, where the log has it whole', async () => {
    const { models, projector } = setUp(acme)
    const garbled = acme.map((event) => (event.revision >= 3n ? { ...event, json: '{' } : event))
    await projector.apply(garbled)
    expect(await aliceIn(models)).toMatchObject([deposited])
    expect((await models.checkpoint(commands, 'acme'))?.revision).toBe(4n)
  })

  it('parks the ledger where the log lacks what was delivered, after some patience', async () => {
    const { models, projector } = setUp(acme.slice(0, 2))
    await projector.apply([...acme.slice(4), ...umbra])
    expect(await models.checkpoint(ledgers, 'acme')).toMatchObject({
      revision: 1n,
      parked: { revision: 2n, reason: expect.stringContaining('does not hold revision 2') },
    })
    expect(projector.counters().retries).toBe(3)
    expect((await models.checkpoint(ledgers, 'umbra'))?.revision).toBe(4n)
  })
})

describe('a poison event', () => {
  it('parks its ledger in its projection only', async () => {
    const { models, projector, lines } = setUp([...poisoned, ...umbra])
    await projector.apply([...poisoned, ...umbra])
    expect(await models.checkpoint(accounts, 'acme')).toEqual({
      revision: 2n,
      recordedAt: recordedAtOf(2n),
      parked: { revision: 3n, reason: 'account users:alice was never opened' },
    })
    expect((await models.checkpoint(ledgers, 'acme'))?.revision).toBe(4n)
    expect((await models.checkpoint(trialBalances, 'acme'))?.revision).toBe(4n)
    expect((await models.checkpoint(accounts, 'umbra'))?.revision).toBe(4n)
    expect(lines).toEqual([
      {
        level: 'error',
        fields: {
          projection: 'accounts',
          version: 1,
          ledgerId: 'acme',
          revision: 3n,
          reason: 'account users:alice was never opened',
        },
        message: 'ledger parked',
      },
    ])
  })

  it('leaves no trace of itself in the documents', async () => {
    const { models, projector } = setUp(poisoned)
    await projector.apply(poisoned)
    await using view = await models.view('acme')
    const bank = await view.get(accounts, 'bank:cash')
    expect(bank).toMatchObject({ revision: 1n, document: { balances: [] } })
  })

  it('lets the later events of the ledger wait, without a second try', async () => {
    const { models, projector, lines } = setUp(poisoned)
    await projector.apply(poisoned.slice(0, 4))
    await projector.apply(poisoned.slice(4))
    expect((await models.checkpoint(accounts, 'acme'))?.revision).toBe(2n)
    expect((await models.checkpoint(commands, 'acme'))?.revision).toBe(4n)
    expect(lines).toHaveLength(1)
  })

  it('may be the first one of a ledger', async () => {
    const { models, projector } = setUp(acme)
    const [first] = poisoned
    if (first === undefined) throw new Error('there are events')
    const unknown = rewritten(first, (json) => json.replace('"LedgerOpened"', '"LedgerFounded"'))
    const { models: other, projector: second } = setUp([unknown, ...acme.slice(1)])
    await second.apply([unknown, ...acme.slice(1)])
    for (const model of allProjections)
      expect(await other.checkpoint(model, 'acme')).toMatchObject({
        revision: -1n,
        parked: { revision: 0n, reason: expect.stringContaining('type LedgerFounded version 1') },
      })
    await projector.apply(acme)
    expect((await models.checkpoint(ledgers, 'acme'))?.revision).toBe(4n)
  })

  it('is one that says it belongs somewhere else', async () => {
    const misplaced = umbra.map((event) => ({ ...event, stream: 'ledger-acme' }))
    const { models, projector } = setUp(misplaced)
    await projector.apply(misplaced)
    expect((await models.checkpoint(ledgers, 'acme'))?.parked?.reason).toBe(
      'the event is damaged: it is an event of another place',
    )
  })
})

describe('a parked ledger', () => {
  it('is tried again once by a new process, with the first event that comes', async () => {
    const { fault, projection } = breakable()
    const { models, projector, start } = setUp(acme, { projections: [projection] })
    await projector.apply(acme.slice(0, 4))
    const restarted = start()
    await restarted.apply(acme.slice(3, 4))
    await restarted.apply(acme.slice(4))
    expect(fault.tries).toBe(2)
    fault.present = false
    await start().apply(acme.slice(4))
    expect(await aliceIn(models)).toMatchObject([deposited])
    expect(await models.checkpoint(projection, 'acme')).toEqual({
      revision: 4n,
      recordedAt: recordedAtOf(4n),
    })
  })

  it('is caught up to the end of the log when a retry succeeds', async () => {
    const { fault, projection } = breakable()
    const { models, projector, lines } = setUp(acme, {
      projections: [projection, commands],
      limits: { gapPageEvents: 1 },
    })
    await projector.apply(acme)
    await projector.retry('acme')
    expect((await models.checkpoint(projection, 'acme'))?.revision).toBe(2n)
    fault.present = false
    await projector.retry('acme')
    expect(await models.checkpoint(projection, 'acme')).toMatchObject({ revision: 4n })
    expect(lines.map(({ message }) => message)).toEqual([
      'ledger parked',
      'ledger parked',
      'ledger no longer parked',
    ])
  })

  it('is tried at the start of a run, before the feed', async () => {
    const { fault, projection } = breakable()
    const { models, projector, start } = setUp(acme, { projections: [projection] })
    await projector.apply(acme)
    fault.present = false
    const { logger } = recordingLogger()
    const parts = { projections: [projection], writer: models, store: streamsOf(acme), logger }
    const signal = new AbortController().signal
    await createProjector({ ...parts, readModels: models }).run({ run: async () => {} }, signal)
    expect(await aliceIn(models)).toMatchObject([deposited])
    await start().run({ run: async (handle) => handle(acme) }, signal)
  })
})

describe('stores that fail', () => {
  it('are asked again until they answer; what was stored is not applied twice', async () => {
    const models = openMemoryReadModels()
    const { logger, lines } = recordingLogger()
    let reads = 0
    const store = {
      readStream: async (stream: string, from: bigint, limit: number) => {
        reads += 1
        if (reads === 1) throw new EventStoreUnavailable('not now')
        return streamsOf(acme).readStream(stream, from, limit)
      },
    }
    const projector = createProjector({
      projections: allProjections,
      writer: unreliable(models),
      store,
      logger,
      limits: { retryDelayFirstMs: 1, commitDocuments: 3 },
    })
    await projector.apply(acme.slice(3))
    expect(await aliceIn(models)).toMatchObject([deposited])
    await using view = await models.view('acme')
    expect((await view.get(trialBalances, 'USD/2'))?.document['totalDebits']).toBe('2500')
    expect(projector.counters().retries).toBe(5)
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(5)
  })

  it('are waited for until the signal aborts', async () => {
    const writer = {
      ...openMemoryReadModels(),
      commit: async () => {
        throw new ReadModelsUnavailable('for good')
      },
    }
    const { projector } = setUp(acme, { writer })
    const stop = new AbortController()
    const applied = projector.apply(acme, stop.signal)
    setTimeout(() => stop.abort(new Error('shutting down')), 20)
    await expect(applied).rejects.toThrow()
    expect(stop.signal.aborted).toBe(true)
  })

  it('end the projector where the failure is a bug', async () => {
    const writer = {
      ...openMemoryReadModels(),
      load: async () => {
        throw new TypeError('a bug in the adapter')
      },
    }
    await expect(setUp(acme, { writer }).projector.apply(acme)).rejects.toThrow('a bug')
  })
})

describe('two projectors of one model', () => {
  it('fence each other out and end where one would have', async () => {
    const { models, projector, start } = setUp(acme)
    const other = start()
    await projector.apply(acme.slice(0, 2))
    await other.apply(acme.slice(0, 3))
    await projector.apply(acme.slice(2, 4))
    await Promise.all([projector.apply(acme), other.apply(acme)])
    expect(await aliceIn(models)).toMatchObject([deposited])
    for (const model of allProjections)
      expect((await models.checkpoint(model, 'acme'))?.revision).toBe(4n)
  })
})

describe('a run', () => {
  it('prepares every model first and runs a feed again that fails for a passing reason', async () => {
    const prepared = new Set<string>()
    const models = openMemoryReadModels()
    const writer: ReadModelWriter = {
      ...models,
      prepare: (model) => models.prepare(model).then(() => void prepared.add(model.name)),
    }
    const { projector } = setUp(acme, { writer })
    const batches = [acme.slice(0, 2), acme.slice(2, 4), acme.slice(4)]
    let runs = 0
    await projector.run(
      {
        run: async (handle) => {
          expect(prepared.size).toBe(allProjections.length)
          runs += 1
          await handle(batches[runs - 1] ?? [])
          if (runs < batches.length) throw new FeedUnavailable('not now')
        },
      },
      new AbortController().signal,
    )
    expect(await aliceIn(models)).toMatchObject([deposited])
    expect(projector.counters().retries).toBe(2)
  })

  it('ends with what a feed throws otherwise', async () => {
    const feed = { run: async () => Promise.reject(new Error('the broker speaks in tongues')) }
    const run = setUp(acme).projector.run(feed, new AbortController().signal)
    await expect(run).rejects.toThrow('tongues')
  })
})

describe('remembering checkpoints', () => {
  it('forgets the ledgers used longest ago where there are too many', async () => {
    const { models, projector } = setUp([...acme, ...umbra], { limits: { rememberedLedgers: 1 } })
    await projector.apply(acme.slice(0, 2))
    await projector.apply(umbra.slice(0, 2))
    await projector.apply(acme.slice(2))
    await projector.apply(umbra.slice(2))
    expect(await aliceIn(models, 'acme')).toMatchObject([deposited])
    expect(await aliceIn(models, 'umbra')).toMatchObject([deposited])
  })
})

function countersOf(projector: ReturnType<typeof createProjector>, name: string) {
  const found = projector.counters().projections.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no counters of ${name}`)
  return found
}

/** A fold that fails at revision 3 until it is mended. */
function breakable() {
  const fault = { present: true, tries: 0 }
  const projection: typeof accounts = {
    ...accounts,
    evolve(document, event, key) {
      if (event.revision === 3n) fault.tries += 1
      if (event.revision === 3n && fault.present) throw new Error('a bug in the fold')
      return accounts.evolve(document, event, key)
    },
  }
  return { fault, projection }
}

/** A writer whose calls fail the first time, before or after they did what they were asked. */
function unreliable(models: ReadModelWriter): ReadModelWriter {
  const failed = new Set<string>()
  const once = (call: string) => {
    if (failed.has(call)) return
    failed.add(call)
    throw new ReadModelsUnavailable(`${call} failed`)
  }
  return {
    ...models,
    checkpoint: async (model, ledgerId) => {
      once('checkpoint')
      return models.checkpoint(model, ledgerId)
    },
    load: async (model, ledgerId, ids) => {
      once('load')
      return models.load(model, ledgerId, ids)
    },
    commit: async (changes) => {
      once('commit not stored')
      const done = await models.commit(changes)
      once('commit stored')
      return done
    },
  }
}
