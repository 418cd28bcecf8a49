import { afterAll, beforeAll, expect, it } from 'vitest'
import { openProjecting, type Projecting } from '#compose/projecting.ts'
import { parseConfig } from '#config.ts'
import { ledgerStream } from '#events/stream-names.ts'
import { ReadViewOutdated } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import { buildFeed } from '#projections/runtime/build-feed.ts'
import { until } from '#test/faults/distributed-cluster.ts'
import { daybook } from '#test/cli/daybook.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { type Cluster, oneOfEach, openCluster } from '#test/support/cluster.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { counting } from '#test/support/kept-models.ts'
import { Load } from '#test/support/load.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const builtMsMax = 90_000
const added = counting(1, { name: 'added' })

describeWith(['eventstoredb', 'kafka', 'mongodb'], 'read models of a cluster', (servers) => {
  const opened = new AsyncDisposableStack()
  let cluster: Cluster
  let api: ApiClient

  beforeAll(async () => {
    cluster = opened.use(await openCluster(clusterSettings(servers), oneOfEach))
    api = opened.use(new ApiClient(cluster.process('api').url))
  }, 120_000)

  afterAll(() => opened.disposeAsync())

  it('get one more while commands go on and a projector still runs that does not know it', async () => {
    await using load = await Loading.begin(api, ['first', 'second', 'third'], 3)
    await load.acknowledges(60)
    const isApplied = async () =>
      (await api.get('/v1/ledgers/first/accounts', { 'min-revision': '9' })).status === 200
    await until(isApplied, builtMsMax)
    await using newer = await Running.begin(cluster)
    const { readModels } = newer.projecting
    const isServed = async () =>
      (await readModels.builds(added)).some(({ state }) => state === 'serving')
    await until(isServed, builtMsMax)
    // The older one has had events that no feed brings again.
    expect(await readModels.feedPosition(buildFeed({ ...added, build: 1 }))).toBeDefined()
    await load.acknowledges(60)
    expect(await cluster.process('projector').stop()).toEqual({ code: 0, signal: null })
    // What the older one applied to all models but the new one is found once it has gone: at a ledger's next event.
    await load.acknowledges(40)
    await load.rest()
    for (const ledgerId of load.ledgerIds)
      await until(() => isComplete(newer.projecting, ledgerId), builtMsMax)
    await cluster.replace('projector')
  }, 300_000)

  it('are rebuilt beside the live ones while commands go on, and are equal though these fall behind', async () => {
    await using load = await Loading.begin(api, ['fourth'], 2)
    await load.acknowledges(30)
    const run = { folder: cluster.folder, settings: cluster.settings }
    const rebuilt = await daybook(['rebuild', 'accounts', 'entries', '--drop-retired'], run)
    expect([rebuilt.code, rebuilt.stdout]).toEqual([
      0,
      expect.stringMatching(/^accounts v1: .* equal, .*\nentries v1: .* equal, /),
    ])
    cluster.process('projector').signal('SIGSTOP')
    await load.acknowledges(60)
    const checked = await daybook(['rebuild', '--all', '--check'], run)
    cluster.process('projector').signal('SIGCONT')
    // Nothing is wrong in what they have, but nothing moves them on either.
    expect([checked.code, checked.stdout]).toEqual([1, expect.not.stringContaining('differ')])
    expect(checked.stdout).toMatch(/^ {2}fourth: applied up to .* and nothing moves it on$/m)
    await load.rest()
  }, 300_000)
})

/** Clients that go on asking until the test is over, however it ends: the next one has ledgers of its own. */
class Loading implements AsyncDisposable {
  readonly ledgerIds: readonly string[]
  readonly #load: Load
  readonly #api: ApiClient
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  static async begin(api: ApiClient, ledgerIds: readonly string[], workers: number) {
    const load = new Load(ledgerIds, ledgerIds.join('-'), 5)
    await load.prepare(api)
    return new Loading(load, api, workers)
  }

  constructor(load: Load, api: ApiClient, workers: number) {
    this.ledgerIds = load.ledgerIds
    this.#load = load
    this.#api = api
    this.#running = load.run(api, this.#stop.signal, workers)
  }

  /** So many more than until now. */
  async acknowledges(count: number): Promise<void> {
    expect(await this.#load.acknowledges(this.#load.acknowledged + count, builtMsMax)).toBe(true)
  }

  async rest(): Promise<void> {
    await this[Symbol.asyncDispose]()
    await this.#load.settle(this.#api)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }
}

/** A projector of a newer release, in this process. */
class Running implements AsyncDisposable {
  readonly projecting: Projecting
  readonly #end = new AbortController()
  readonly #running: Promise<void>

  static async begin({ settings }: Cluster): Promise<Running> {
    const { logger } = recordingLogger()
    const projections = [...allProjections, added]
    return new Running(await openProjecting(parseConfig(settings), logger, projections))
  }

  constructor(projecting: Projecting) {
    this.projecting = projecting
    this.#running = projecting.run(this.#end.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#running
    await this.projecting[Symbol.asyncDispose]()
  }
}

/** Whether the new model has the ledger's head; holds that expire move it on. At any moment it is right. */
async function isComplete({ readModels, store }: Projecting, ledgerId: string): Promise<boolean> {
  const head = await store.head(ledgerStream(ledgerId))
  try {
    await using view = await readModels.view(ledgerId)
    const { revision = -1n } = (await view.checkpoint(added)) ?? {}
    const count = (await view.get(added, 'all'))?.document['count'] ?? 0
    expect(count).toBe(Number(revision) + 1)
    return revision === head
  } catch (error) {
    if (error instanceof ReadViewOutdated) return false
    throw error
  }
}
