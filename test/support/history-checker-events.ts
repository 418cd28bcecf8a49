import { z } from 'zod'
import type { ApiClient } from '#test/support/http-client.ts'

const posting = z.object({
  debit: z.string(),
  credit: z.string(),
  asset: z.string(),
  amount: z.string(),
  source: z.number().optional(),
})

const balance = z.object({
  accountId: z.string(),
  asset: z.string(),
  postedDebits: z.string(),
  postedCredits: z.string(),
  pendingDebits: z.string(),
  pendingCredits: z.string(),
})

const limits = z.object({ min: z.string().nullable(), max: z.string().nullable() })
const texts = z.record(z.string(), z.string())

/** The members that any event's data may have: which ones depends on its type, and the fold knows. */
const data = z.looseObject({
  accountId: z.string().optional(),
  holdId: z.string().optional(),
  type: z.string().optional(),
  name: z.string().optional(),
  asset: z.string().optional(),
  assets: z.array(z.object({ asset: z.string(), name: z.string().optional() })).optional(),
  metadata: texts.optional(),
  limits: limits.optional(),
  direction: z.string().optional(),
  reason: z.string().optional(),
  kind: z.string().optional(),
  postings: z.array(posting).optional(),
  balances: z.array(balance).optional(),
  effectiveAt: z.string().optional(),
  expiresAt: z.string().optional(),
  externalReference: z.string().optional(),
  description: z.string().optional(),
  reverses: z.string().optional(),
  amounts: z.array(z.string()).optional(),
  released: z.array(z.string()).optional(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  command: z.string().optional(),
  code: z.string().optional(),
  detail: z.string().optional(),
  status: z.number().optional(),
})

const event = z.object({
  type: z.string(),
  ledgerId: z.string(),
  revision: z.string(),
  recordedAt: z.string(),
  actor: z.string(),
  correlationId: z.string(),
  idempotency: z.object({
    key: z.string(),
    fingerprint: z.string(),
    batch: z.object({ key: z.string(), index: z.number(), size: z.number() }).optional(),
  }),
  data,
})

/** An event as the log shows it over HTTP. */
export type LoggedEvent = z.infer<typeof event>
export type LoggedPosting = z.infer<typeof posting>

const loggedEvents = z.array(event)
export const limitsShape = limits
export const textsShape = texts
export const ledgerFieldsShape = z.object({
  name: z.string().optional(),
  metadata: texts.optional(),
})

/** An event as it is stored, read as one that the log shows: it shows what is stored. */
export function loggedEvent(json: string): LoggedEvent {
  return event.parse(JSON.parse(json))
}

/** Events as they are stored. */
export function parseLog(stored: readonly string[]): readonly LoggedEvent[] {
  return loggedEvents.parse(stored.map((json) => JSON.parse(json)))
}

/** The whole log of a ledger, as anyone can read it. */
export async function readLog(api: ApiClient, ledgerId: string): Promise<readonly LoggedEvent[]> {
  return loggedEvents.parse(await api.all(`/v1/ledgers/${ledgerId}/events?limit=200`))
}
