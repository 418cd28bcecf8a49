import { z } from 'zod'

/** The resources of the API, each with its members and nothing more. */

const signed = z.string().regex(/^(0|-?[1-9]\d{0,33})$/)
const unsigned = z.string().regex(/^(0|[1-9]\d{0,33})$/)
const amount = z.string().regex(/^[1-9]\d{0,30}$/)
const revision = z.string().regex(/^(0|[1-9]\d*)$/)
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const assetId = z.string().regex(/^[A-Z][A-Z0-9_]{0,16}\/(0|[1-9]|1[0-8])$/)
const ledgerId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
const accountId = z.string().regex(/^[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*$/)
const metadata = z.record(z.string(), z.string())
const accountType = z.enum(['asset', 'expense', 'liability', 'equity', 'income'])
const count = z.int().min(0)

export const ledger = z.strictObject({
  ledgerId,
  name: z.string(),
  assets: z.array(z.strictObject({ asset: assetId, name: z.string().optional() })),
  metadata,
  createdAt: time,
  revision,
})

const raw = {
  accountId,
  asset: assetId,
  postedDebits: unsigned,
  postedCredits: unsigned,
  pendingDebits: unsigned,
  pendingCredits: unsigned,
}

const balance = z.strictObject({ ...raw, posted: signed, pending: signed, available: signed })

/** By business time, only what was posted is known. */
const postedBalance = z.strictObject({
  accountId,
  asset: assetId,
  postedDebits: unsigned,
  postedCredits: unsigned,
  posted: signed,
})

export const account = z.strictObject({
  accountId,
  type: accountType,
  status: z.enum(['open', 'closed']),
  frozen: z.enum(['none', 'debits', 'credits', 'all']),
  limits: z.strictObject({ min: signed.nullable(), max: signed.nullable() }),
  metadata,
  createdAt: time,
  balances: z.array(balance),
})

export const balances = z.array(z.union([balance, postedBalance]))

const posting = { debit: accountId, credit: accountId, asset: assetId, amount }

const transactionMembers = {
  transactionId: revision,
  kind: z.enum(['transaction', 'capture', 'reversal', 'reinstatement']),
  postings: z.array(z.strictObject({ ...posting, source: count.optional() })).min(1),
  effectiveAt: time,
  recordedAt: time,
  externalReference: z.string().optional(),
  description: z.string().optional(),
  metadata,
  reverses: revision.optional(),
  reason: z.string().optional(),
  reversedBy: z.array(revision).min(1).optional(),
  reversedAmounts: z.array(unsigned).optional(),
  holdId: revision.optional(),
  actor: z.string(),
}

export const transaction = z.strictObject(transactionMembers)
export const postedTransaction = z.strictObject({
  ...transactionMembers,
  balances: z.array(balance).min(2),
})

const holdMembers = {
  holdId: revision,
  status: z.enum(['open', 'captured', 'voided', 'expired']),
  postings: z
    .array(
      z.strictObject({ ...posting, captured: unsigned, released: unsigned, remaining: unsigned }),
    )
    .min(1),
  expiresAt: time.optional(),
  externalReference: z.string().optional(),
  description: z.string().optional(),
  metadata,
  createdAt: time,
  captures: z.array(revision),
}

export const hold = z.strictObject(holdMembers)
export const movedHold = z.strictObject({ ...holdMembers, balances: z.array(balance).min(2) })
export const capture = z.strictObject({ hold: movedHold, transaction: postedTransaction })

export const entry = z.strictObject({
  transactionId: revision,
  revision,
  posting: count,
  side: z.enum(['debit', 'credit']),
  accountId,
  counterparty: accountId,
  asset: assetId,
  amount,
  effectiveAt: time,
  recordedAt: time,
  balance: signed,
  description: z.string().optional(),
})

export const statement = z.strictObject({
  accountId,
  asset: assetId,
  from: time.optional(),
  to: time.optional(),
  opening: signed,
  lines: z.array(entry),
  totalDebits: unsigned,
  totalCredits: unsigned,
  closing: signed,
})

export const trialBalance = z.strictObject({
  ledgerId,
  assets: z.array(
    z.strictObject({
      asset: assetId,
      totalDebits: unsigned,
      totalCredits: unsigned,
      accounts: z.array(
        z.strictObject({
          accountId,
          type: accountType,
          debits: unsigned,
          credits: unsigned,
          posted: signed,
        }),
      ),
    }),
  ),
})

export const command = z.strictObject({
  revision,
  command: z.string(),
  outcome: z.enum(['accepted', 'rejected']),
  code: z.string().optional(),
  detail: z.string().optional(),
  idempotencyKey: z.string(),
  actor: z.string(),
  recordedAt: time,
  correlationId: z.string(),
})

export const event = z.strictObject({
  id: z.uuid(),
  type: z.string().regex(/^[A-Z][A-Za-z]+$/),
  schemaVersion: z.int().min(1),
  ledgerId,
  revision,
  recordedAt: time,
  actor: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  writer: z.string(),
  idempotency: z.strictObject({
    key: z.string(),
    fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
    batch: z
      .strictObject({
        key: z.string(),
        fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
        index: count,
        size: count,
      })
      .optional(),
  }),
  data: z.record(z.string(), z.unknown()),
})

export const projection = z.strictObject({
  name: z.enum([
    'ledgers',
    'accounts',
    'transactions',
    'holds',
    'entries',
    'trial-balances',
    'commands',
  ]),
  version: z.int().min(1),
  build: z.int().min(1).nullable(),
  status: z.enum(['live', 'rebuilding', 'parked']),
  lagEvents: count,
  lagSeconds: z.number().min(0),
  parkedCount: count,
  parkedLedgers: z.array(z.strictObject({ ledgerId, revision, reason: z.string() })),
  skippedCount: count,
  skippedEvents: z.array(
    z.strictObject({
      ledgerId,
      revision,
      actor: z.string(),
      reason: z.string(),
      recordedAt: z.string(),
    }),
  ),
  building: z
    .strictObject({
      version: z.int().min(1),
      build: z.int().min(1),
      appliedEvents: count,
      totalEvents: count,
      parkedCount: count,
      parkedLedgers: z.array(z.strictObject({ ledgerId, revision, reason: z.string() })),
    })
    .nullable(),
})

const problemEntry = z.strictObject({ pointer: z.string(), code: z.string(), detail: z.string() })

const itemProblemMembers = {
  type: z.string().min(1),
  title: z.string().min(1),
  status: z.int().min(400).max(599),
  detail: z.string().min(1),
  code: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  errors: z.array(problemEntry),
  context: z.record(z.string(), z.unknown()),
}

/** RFC 9457, as the contract extends it. */
export const problem = z.strictObject({
  ...itemProblemMembers,
  instance: z.string(),
  requestId: z.string().min(1),
})

/** The problem of one command of a batch: the request is the batch's. */
const itemProblem = z.strictObject(itemProblemMembers)

/** What a command can answer, in a batch. */
const resource = z.union([postedTransaction, movedHold, capture, account, ledger])

export const batchItems = z.array(
  z.union([
    resource,
    z.strictObject({
      index: count,
      status: z.int(),
      data: resource,
      replayed: z.literal(true).optional(),
    }),
    z.strictObject({
      index: count,
      status: z.int(),
      problem: itemProblem,
      replayed: z.literal(true).optional(),
    }),
  ]),
)
