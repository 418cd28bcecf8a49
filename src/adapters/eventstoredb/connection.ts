import { setTimeout as sleep } from 'node:timers/promises'
import { EventStoreDBClient } from '@eventstore/db-client'
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type {
  AppendReq,
  AppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js'
import {
  type Address,
  type Credentials,
  EventStoreUrlRefused,
} from '#adapters/eventstoredb/address.ts'

/** How long a call without a deadline may look for a node. */
const nodeFoundMsMax = 30_000

/** What is left of the calls when a connection closes gets this long to end. */
const closeMsMax = 2_000

/** Without a deadline a call lasts until it is cancelled. `leader`: no other node may answer. */
export type CallOptions = { readonly deadlineMs?: number; readonly leader: boolean }

/** The responses of a read or subscription as they come. `cancel` ends them with an error. */
export type Responses = AsyncIterable<ReadResp> & { cancel(): void }

/** One connection, opened by the first call and again after it broke. */
export type Connection = {
  /** The unary append; `sending` is called as soon as something may reach the server. Rejects with the client's errors. */
  append(
    requests: readonly AppendReq[],
    options: CallOptions,
    sending: () => void,
  ): Promise<AppendResp>
  read(request: ReadReq, options: CallOptions): Promise<Responses>
  /** Ends every read and subscription, then the connection. */
  close(): Promise<void>
}

/**
 * Makes the calls by itself. Those of the client are not used: they parse JSON and write it anew, reads wait without
 * end, and appends take the batch call, which may never settle. What is used of it is how it finds a node, opens the
 * connection and changes it after an error.
 */
export function openConnection(address: Address): Connection {
  const client = Calls.of(address)
  let closeChannel: (() => void) | undefined
  client.survive()
  client.watchChannels((close) => {
    closeChannel = close
  })
  return {
    append: async (requests, options, sending) => {
      await client.found(options.deadlineMs)
      return client.appendOnce(requests, client.with(options, address.credentials), sending)
    },
    read: async (request, options) => {
      await client.found(options.deadlineMs)
      return client.read(request, client.with(options, address.credentials))
    },
    close: async () => {
      // It waits for calls that ended unnoticed, too.
      await Promise.race([client.dispose(), sleep(closeMsMax, undefined, { ref: false })])
      closeChannel?.()
    },
  }
}

class Calls extends EventStoreDBClient {
  static of({ url }: Address): Calls {
    // Its factory makes the base class only; there is no state of ours in this one.
    const calls: Calls = Object.setPrototypeOf(clientOf(url), Calls.prototype)
    return calls
  }

  /** What the client does beside a failed call rejects where nobody listens, when it finds no server: the process would end. */
  survive(): void {
    const handleError = this.handleError
    this.handleError = (client, error) => handleError(client, error).catch(() => {})
  }

  /** Looking for a node of a cluster has no deadline in the client. */
  async found(deadlineMs = nodeFoundMsMax): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error('no node was found in time')), deadlineMs)
    try {
      await Promise.race([this.getChannel(), late])
    } finally {
      clearTimeout(timer)
    }
  }

  watchChannels(opened: (close: () => void) => void): void {
    const getChannel = this.getChannel
    this.getChannel = async () => {
      const channel = await getChannel()
      opened(() => channel.close())
      return channel
    }
  }

  with({ deadlineMs, leader }: CallOptions, credentials: Credentials | undefined) {
    return this.callArguments(
      {
        requiresLeader: leader,
        ...(credentials && { credentials }),
        ...(deadlineMs !== undefined && { deadline: deadlineMs }),
      },
      deadlineMs === undefined ? { deadline: Number.POSITIVE_INFINITY } : {},
    )
  }

  appendOnce(
    requests: readonly AppendReq[],
    args: ReturnType<Calls['with']>,
    sending: () => void,
  ): Promise<AppendResp> {
    return this.execute(streamsGrpc.StreamsClient, 'append', (client) => {
      sending()
      return new Promise<AppendResp>((resolve, reject) => {
        const sink = client.append(...args, (error, response) => {
          if (error === null) resolve(response)
          else reject(error)
        })
        sink.on('error', reject)
        for (const request of requests) sink.write(request)
        sink.end()
      })
    })
  }

  read(request: ReadReq, args: ReturnType<Calls['with']>): Promise<Responses> {
    const start = this.GRPCStreamCreator(streamsGrpc.StreamsClient, 'read', (client) =>
      client.read(request, ...args),
    )
    return start()
  }
}

/** @throws {EventStoreUrlRefused} in our words: the client's have a stack, or a path. */
function clientOf(url: string): EventStoreDBClient {
  try {
    return EventStoreDBClient.connectionString(url)
  } catch (cause) {
    throw new EventStoreUrlRefused(
      'the URL of the event store has an option that its client does not take, or names a file that is not there',
      { cause },
    )
  }
}
