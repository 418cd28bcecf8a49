import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
} from '@eventstore/db-client/generated/streams_pb.js'
import type { sendUnaryData, ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js'
import type { Outcome, Proposed } from '#test/support/eventstoredb/memory-log.ts'
import {
  type AppendHeader,
  appendHeader,
  appendResponse,
  batchHeader,
  batchResponse,
  proposedOf,
} from '#test/support/eventstoredb/messages.ts'

export type BatchCall = ServerDuplexStream<BatchAppendReq, BatchAppendResp>

/** Stores, or has something go wrong: resolves to undefined where no answer may be given. */
export type Store = (
  header: AppendHeader,
  events: readonly Proposed[],
) => Promise<Outcome | undefined>

/** The unary append: options first, then the events, and one answer. */
export async function answerAppend(
  call: ServerReadableStream<AppendReq, AppendResp>,
  answer: sendUnaryData<AppendResp>,
  store: Store,
  { tellsPositions }: { readonly tellsPositions: boolean },
): Promise<void> {
  const received = await receive(call)
  if (received === undefined) return
  const { header, events } = received
  try {
    const outcome = await store(header, events)
    if (outcome === undefined) return
    const response = appendResponse(outcome, header.expected)
    if (!tellsPositions) response.getSuccess()?.clearPosition()
    answer(null, response)
  } catch (error) {
    if (error instanceof Error) answer(error)
  }
}

/** Undefined when the client went away before it had said everything. */
async function receive(call: ServerReadableStream<AppendReq, AppendResp>) {
  let header: AppendHeader | undefined
  const events: Proposed[] = []
  try {
    for await (const message of call) {
      const request: AppendReq = message
      const options = request.getOptions()
      const proposed = request.getProposedMessage()
      if (options !== undefined) header = appendHeader(options)
      if (proposed !== undefined) events.push(proposedOf(proposed))
    }
  } catch {
    return undefined
  }
  // A connection that breaks ends the loop like a client that has said everything; that it broke is known a little later.
  await new Promise((resolve) => setImmediate(resolve))
  if (call.cancelled) return undefined
  return header === undefined ? undefined : { header, events }
}

/** The batch append: appends come as they like in one call, each answered by its correlation id. */
export function answerBatches(call: BatchCall, store: Store): void {
  const open = new Map<string, { header: AppendHeader; events: Proposed[] }>()
  call.on('data', (request: BatchAppendReq) => {
    const id = request.getCorrelationId()?.getString() ?? ''
    const options = request.getOptions()
    if (options !== undefined) open.set(id, { header: batchHeader(options), events: [] })
    const append = open.get(id)
    if (append === undefined) throw new Error('a batch append without options')
    append.events.push(...request.getProposedMessagesList().map(proposedOf))
    if (!request.getIsFinal()) return
    open.delete(id)
    void answerBatch(call, request, () => store(append.header, append.events), append.header)
  })
  call.on('error', () => {})
  call.on('end', () => call.end())
}

async function answerBatch(
  call: BatchCall,
  request: BatchAppendReq,
  store: () => Promise<Outcome | undefined>,
  header: AppendHeader,
): Promise<void> {
  try {
    const outcome = await store()
    if (outcome !== undefined) call.write(batchResponse(request, header, outcome))
  } catch (error) {
    call.emit('error', error)
  }
}
