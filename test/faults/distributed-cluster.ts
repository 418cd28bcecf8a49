import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { type Cluster, type ClusterSize, openCluster } from '#test/support/cluster.ts'
import { checkLedger } from '#test/support/history-checker.ts'
import { ApiClient } from '#test/support/http-client.ts'
import { Load } from '#test/support/load.ts'
import { usually } from '#test/support/long-runs.ts'
import type { Program, Settings } from '#test/support/program.ts'

/** How the clients of a cluster behave. Few and slow: the read models are to stay small, and the machine is shared. */
export type LoadOptions = {
  readonly ledgerIds?: readonly string[]
  /** Clients of each API process. */
  readonly clients?: number
  readonly pauseMs?: number
}

const usualPauseMs = usually(120, { long: 50 })
const readyMsMax = 60_000

/** A cluster whose API processes have clients that go on asking, whatever happens to the processes. */
export class LoadedCluster implements AsyncDisposable {
  readonly cluster: Cluster
  readonly load: Load
  readonly #clients: number
  #stopping = new AbortController()
  #driving: readonly Promise<void>[] = []

  static async open(
    settings: Settings,
    size: ClusterSize,
    {
      ledgerIds = ['north', 'south', 'east'],
      clients = 2,
      pauseMs = usualPauseMs,
    }: LoadOptions = {},
  ): Promise<LoadedCluster> {
    await using opening = new AsyncDisposableStack()
    const cluster = opening.use(await openCluster(settings, size))
    const loaded = new LoadedCluster(cluster, new Load(ledgerIds, 'load', pauseMs), clients)
    using api = new ApiClient(cluster.process('api').url)
    await loaded.load.prepare(api)
    opening.move()
    return loaded
  }

  constructor(cluster: Cluster, load: Load, clients: number) {
    this.cluster = cluster
    this.load = load
    this.#clients = clients
  }

  /** From now on every API process, and what replaces it, has its clients; resolves once these are answered. */
  async drive(): Promise<void> {
    this.#stopping = new AbortController()
    this.#driving = this.cluster
      .processes('api')
      .map((_, index) => this.#keepAsking(index, this.#stopping.signal))
    // Whoever rests is told.
    for (const driving of this.#driving) driving.catch(() => {})
    expect(await this.load.acknowledges(this.load.acknowledged + 5, readyMsMax)).toBe(true)
  }

  /** The clients go home once they are answered. */
  async rest(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#driving)
    this.#driving = []
  }

  /** Whatever was never answered is asked again, and then everything is as the history checker wants it, through every API process. */
  async expectSound(): Promise<void> {
    await this.rest()
    await Promise.all(this.cluster.all().map(ready))
    const apis = this.cluster.processes('api')
    for (const [index, { url }] of apis.entries()) {
      using api = new ApiClient(url)
      if (index === 0) await this.load.settle(api)
      for (const ledgerId of this.load.ledgerIds)
        expect(await checkLedger(api, ledgerId, this.load.attempts)).toEqual([])
    }
    expect(this.load.surprises).toEqual([])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.cluster[Symbol.asyncDispose]()
    await Promise.allSettled(this.#driving)
  }

  async #keepAsking(index: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      using api = new ApiClient(this.cluster.process('api', index).url)
      await this.load.run(api, signal, this.#clients)
      if (!signal.aborted) await sleep(50)
    }
  }
}

/** Resolves once the process says that all it needs serves. @throws where it has ended. */
export async function ready({ url, exited, lines }: Program): Promise<void> {
  const ended = exited.then(({ code, signal }) => {
    throw new Error(`a process ended with ${code ?? signal}:\n${lines.slice(-20).join('\n')}`)
  })
  await Promise.race([ended, until(async () => (await readiness(url)).status === 200, readyMsMax)])
}

/** What a process says of its dependencies; 0 where it doesn’t. */
export async function readiness(
  url: string,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(`${url}/health/ready`)
    return { status: response.status, text: await response.text() }
  } catch (error) {
    return { status: 0, text: String(error) }
  }
}

/** Asks again and again, until it is so. @throws where that takes longer. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<void> {
  for (const begun = performance.now(); !(await isSo()); ) {
    if (performance.now() - begun > withinMs) throw new Error(`not so within ${withinMs} ms`)
    await sleep(100)
  }
}
