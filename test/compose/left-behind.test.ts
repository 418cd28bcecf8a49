import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openProjecting } from '#compose/projecting.ts'
import { openLog, openReadModels } from '#compose/stores.ts'
import { parseConfig } from '#config.ts'
import { decodeEvent } from '#events/decode.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { Projection } from '#projections/projection.ts'
import { commandRejected, ledgerOpened } from '#test/support/examples.ts'
import { counting } from '#test/support/kept-models.ts'
import { temporaryFolder } from '#test/support/program.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { stored } from '#test/support/stored-events.ts'

const [kept, added, later] = ['kept', 'added', 'later'].map((name) => counting(1, { name }))
if (kept === undefined || added === undefined || later === undefined) throw new Error()

describe('a read model that the release before this one did not know', () => {
  it.each([
    ['that knew it', [kept, added]],
    ['that knows yet another', [kept, added, later]],
  ])('lacks nothing once a release is at work again %s', async (_case, next) => {
    await using daybook = await aDaybook()
    await daybook.append('acme', 2)
    await daybook.project([kept, added])
    await daybook.append('acme', 3)
    await daybook.append('umbra', 2)
    await daybook.project([kept])
    expect(await daybook.applied(added)).toEqual({ acme: 1n })
    await daybook.project(next)
    for (const projection of next)
      expect(await daybook.applied(projection)).toEqual({ acme: 4n, umbra: 1n })
  })

  it('lacks nothing where a release that had been at work before comes back after it', async () => {
    await using daybook = await aDaybook()
    await daybook.append('acme', 2)
    await daybook.project([kept])
    await daybook.project([kept, added])
    await daybook.append('acme', 1)
    await daybook.project([added])
    await daybook.project([kept])
    expect(await daybook.applied(kept)).toEqual({ acme: 2n })
  })

  it.each([
    ['has a place of its own', []],
    ['has none yet', [later]],
  ])('keeps nothing new waiting for what it lacks, where the release %s', async (_case, others) => {
    await using daybook = await aDaybook()
    await daybook.append('acme', 1)
    await daybook.project([kept, added])
    const lacking = Array.from({ length: 200 }, (_, index) => `lacking-${index}`)
    for (const ledgerId of lacking) await daybook.append(ledgerId, 1)
    await daybook.project([kept])
    await daybook.append('fresh', 1)
    const order: string[] = []
    await daybook.project([kept, noting(added, order), ...others])
    expect(order.toSorted()).toEqual(['fresh', ...lacking].toSorted())
    expect(order.indexOf('fresh')).toBeLessThan(lacking.length / 2)
  })
})

/** The same projection; notes in which ledger something happened. */
function noting(projection: typeof added & {}, order: string[]): typeof projection {
  return {
    ...projection,
    evolve(document, event, context) {
      order.push(event.ledgerId)
      return projection.evolve(document, event, context)
    },
  }
}

/** An empty log and read models, and releases that are at work on them one after the other. */
async function aDaybook() {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await temporaryFolder())
  const config = parseConfig({ DAYBOOK_DATA: `${folder.path}/data` })
  const { logger } = recordingLogger()
  const store = opening.use(await openLog(config, logger))
  const heads: Record<string, bigint> = {}

  async function append(ledgerId: string, count: number): Promise<void> {
    const head = heads[ledgerId]
    const first = (head ?? -1n) + 1n
    const events = Array.from({ length: count }, (_, index) => {
      const place = { ledgerId, revision: first + BigInt(index) }
      const example = place.revision === 0n ? ledgerOpened({}, place) : commandRejected({}, place)
      const { json, type } = stored(example)
      return { id: decodeEvent(json).id, type, json }
    })
    await store.append(ledgerStream(ledgerId), events, head ?? 'no-stream')
    heads[ledgerId] = first + BigInt(count) - 1n
  }

  async function applied(projection: Projection): Promise<Record<string, bigint>> {
    await using readModels = await openReadModels(config)
    const checkpoints = await readModels.checkpoints(projection)
    return Object.fromEntries([...checkpoints].map(([id, { revision }]) => [id, revision]))
  }

  /** A release at work until its read models have all there is, or for as long as it takes to believe that they won't. */
  async function project(projections: readonly Projection[]): Promise<void> {
    await using projecting = await openProjecting(config, logger, projections)
    const end = new AbortController()
    const running = projecting.run(end.signal)
    const isDone = async () => {
      const all = await Promise.all(projections.map(applied))
      return all.every((each) => Object.entries(heads).every(([id, head]) => each[id] === head))
    }
    for (let tries = 0; tries < 60 && !(await isDone()); tries += 1) await sleep(100)
    end.abort()
    await running
  }

  const opened = opening.move()
  return { append, applied, project, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
