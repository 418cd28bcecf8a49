import { setTimeout as sleep } from 'node:timers/promises'
import gossipGrpc, { type IGossipServer } from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import featuresGrpc, {
  type IServerFeaturesServer,
} from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import streamsGrpc, {
  type IStreamsServer,
} from '@eventstore/db-client/generated/streams_grpc_pb.js'
import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js'
import {
  answerAppend,
  answerBatches,
  type BatchCall,
  type Store,
} from '#test/support/eventstoredb/appends.ts'
import { oneMember, supportedMethods } from '#test/support/eventstoredb/discovery.ts'
import { type AppendFault, refused } from '#test/support/eventstoredb/faults.ts'
import { Front } from '#test/support/eventstoredb/front.ts'
import { MemoryLog, type Outcome, type Proposed } from '#test/support/eventstoredb/memory-log.ts'
import type { AppendHeader } from '#test/support/eventstoredb/messages.ts'
import { answerRead, answerSubscription, type ReadCall } from '#test/support/eventstoredb/reads.ts'

/** A call that came, by its method's name, with what its headers asked for. */
export type Called = {
  readonly method: string
  readonly leader: boolean
  readonly authorization: string
}

/** For a server that speaks TLS: its key and certificate, and where a client finds the latter. */
export type Tls = {
  readonly key: Buffer
  readonly certificate: Buffer
  readonly certificateFile: string
}

/** A server in this process that speaks EventStoreDB's protocol, and fails on demand. */
export class EventStoreDouble implements AsyncDisposable {
  readonly log = new MemoryLog()
  readonly calls: Called[] = []
  /** Used up by the next appends, in order. */
  readonly faults: AppendFault[] = []
  /** Asked for each append once `faults` is used up. */
  faultFor: (append: number) => AppendFault | undefined = () => undefined
  /** While set, calls are taken and never answered. */
  mute = false
  /** As for events of the old kind of transaction: how far their prepare position is before their commit position. */
  preparedEarlierBy = 0n
  /** Old servers leave it out of an append's answer. */
  tellsPositions = true
  /** What a refusal says the leader's port is, and what gossip does. */
  leaderPort: number | undefined
  readonly #server = new Server()
  readonly #batches = new Set<BatchCall>()
  readonly #subscriptions = new Map<ReadCall, () => void>()
  readonly #tls: Tls | undefined
  #front = new Front(0)
  #behind = 0
  #appends = 0

  constructor(tls?: Tls) {
    this.#tls = tls
  }

  get port(): number {
    return this.#front.port
  }

  get url(): string {
    if (this.#tls === undefined) return `esdb://127.0.0.1:${this.port}?tls=false`
    const file = encodeURIComponent(this.#tls.certificateFile)
    return `esdb://localhost:${this.port}?tls=true&tlsCAFile=${file}`
  }

  get subscriptions(): number {
    return this.#subscriptions.size
  }

  async listen(): Promise<this> {
    this.#serve()
    this.#behind = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', this.#credentials(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      )
    })
    this.#front = new Front(this.#behind)
    await this.#front.open()
    return this
  }

  /** Refuses connections, and breaks those there are; the data stays. */
  stop(): Promise<void> {
    return this.#front.close()
  }

  /** Listens again, on the same port. */
  start(): Promise<void> {
    return this.#front.open()
  }

  dropConnections(): void {
    this.#front.drop()
  }

  /** While frozen, connections and bytes are taken and nothing comes back: not even to a ping. */
  freeze(frozen: boolean): void {
    this.#front.freeze(frozen)
  }

  /** Tells clients to go away, and breaks what is still there after the grace time. */
  goAway(graceMs: number): void {
    this.#server.drain(`127.0.0.1:${this.#behind}`, graceMs)
  }

  /** Ends subscriptions as a server that shuts down does: without an error. */
  endSubscriptions(): void {
    for (const end of this.#subscriptions.values()) end()
    this.#subscriptions.clear()
  }

  failSubscriptions(): void {
    for (const call of this.#subscriptions.keys()) call.emit('error', refused('not-ready'))
    this.#subscriptions.clear()
  }

  /** Ends batch appends, also those not yet answered, without an error. */
  endBatches(): void {
    for (const call of this.#batches) call.end()
    this.#batches.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    this.#server.forceShutdown()
  }

  #serve(): void {
    const streams: IStreamsServer = {
      append: (call, answer) => {
        this.#note('append', call.metadata)
        void answerAppend(call, answer, this.#store, this)
      },
      batchAppend: (call) => {
        this.#note('batchAppend', call.metadata)
        this.#batches.add(call)
        call.on('close', () => this.#batches.delete(call))
        answerBatches(call, this.#store)
      },
      read: (call) => this.#read(call),
      delete: (_, answer) => answer(refused('access-denied'), null),
      tombstone: (_, answer) => answer(refused('access-denied'), null),
    }
    const features: IServerFeaturesServer = {
      getSupportedMethods: (call, answer) => {
        this.#note('features', call.metadata)
        answer(null, supportedMethods())
      },
    }
    const gossip: IGossipServer = {
      read: (call, answer) => {
        this.#note('gossip', call.metadata)
        answer(null, oneMember(this.leaderPort ?? this.port))
      },
    }
    this.#server.addService(streamsGrpc.StreamsService, streams)
    this.#server.addService(featuresGrpc.ServerFeaturesService, features)
    this.#server.addService(gossipGrpc.GossipService, gossip)
  }

  #credentials(): ServerCredentials {
    if (this.#tls === undefined) return ServerCredentials.createInsecure()
    const { key, certificate } = this.#tls
    return ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: certificate }])
  }

  #note(method: string, metadata: Metadata): void {
    const [leader] = metadata.get('requires-leader')
    const [authorization] = metadata.get('authorization')
    this.calls.push({
      method,
      leader: leader === 'true',
      authorization: authorization?.toString() ?? '',
    })
  }

  #read(call: ReadCall): void {
    const subscribing = call.request.getOptions()?.hasSubscription() === true
    this.#note(subscribing ? 'subscribe' : 'read', call.metadata)
    if (this.mute) return
    if (!subscribing) return answerRead(this.log, call, this.preparedEarlierBy)
    this.#subscriptions.set(call, answerSubscription(this.log, call))
    call.on('cancelled', () => this.#subscriptions.delete(call))
  }

  readonly #store: Store = async (header, events) => {
    const fault = this.faults.shift() ?? this.faultFor(this.#appends)
    this.#appends += 1
    if (this.mute) return undefined
    switch (fault?.kind) {
      case 'refused':
        throw refused(fault.refusal, this.leaderPort ?? this.port)
      case 'slow':
        await sleep(fault.ms)
        return this.#append(header, events)
      case 'lost':
      case 'silent':
        if (fault.stored) this.#append(header, events)
        if (fault.kind === 'lost') this.dropConnections()
        return undefined
      case undefined:
        return this.#append(header, events)
    }
  }

  #append({ stream, expected }: AppendHeader, events: readonly Proposed[]): Outcome {
    return this.log.append(stream, events, expected)
  }
}

export async function startEventStoreDouble(tls?: Tls): Promise<EventStoreDouble> {
  return new EventStoreDouble(tls).listen()
}
