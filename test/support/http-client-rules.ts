import { z } from 'zod'
import type { Answer, Sent } from '#test/support/http-exchange.ts'
import * as shapes from '#test/support/http-client-shapes.ts'

const ledgers = '/v1/ledgers'

const inner =
  /\n\s+at |node:internal|\.[jt]s:\d+|node_modules|sqlite|ECONN|(Type|Range|Syntax)Error/i

/** Refusals that leave no trace in the log, so that their answer has no revision. */
const unrecordedCodes: ReadonlySet<string> = new Set([
  'malformed-json',
  'validation-failed',
  'invalid-amount',
  'idempotency-key-required',
  'idempotency-key-mismatch',
  'idempotency-key-used',
  'idempotency-in-flight',
  'invalid-cursor',
  'not-found',
  'ledger-not-found',
  'ledger-exists',
  'method-not-allowed',
  'not-acceptable',
  'body-too-large',
  'unsupported-media-type',
])

/** Those that are recorded or not as the request is. */
const eitherCodes: ReadonlySet<string> = new Set(['batch-too-large'])

const one = (shape: z.ZodType) => z.strictObject({ data: shape })
const paged = (data: z.ZodType) =>
  z.strictObject({
    data,
    page: z.strictObject({ next: z.string().nullable(), limit: z.int().min(1).max(10_000) }),
  })
const list = (shape: z.ZodType) => paged(z.array(shape))

/** The shape of a successful answer, by method and path under `/v1/ledgers`. */
const answers: readonly (readonly [string, RegExp, z.ZodType])[] = [
  ['POST', /^$/, one(shapes.ledger)],
  ['GET', /^$/, list(shapes.ledger)],
  ['GET', /^\/[^/]+$/, one(shapes.ledger)],
  ['PATCH', /^\/[^/]+$/, one(shapes.ledger)],
  ['POST', /^\/[^/]+\/assets$/, one(shapes.ledger)],
  ['POST', /^\/[^/]+\/accounts$/, one(shapes.account)],
  ['GET', /^\/[^/]+\/accounts$/, list(shapes.account)],
  ['GET', /^\/[^/]+\/accounts\/[^/]+$/, one(shapes.account)],
  ['PATCH', /^\/[^/]+\/accounts\/[^/]+$/, one(shapes.account)],
  ['POST', /^\/[^/]+\/accounts\/[^/]+\/(freeze|unfreeze|close|reopen)$/, one(shapes.account)],
  ['GET', /^\/[^/]+\/accounts\/[^/]+\/balances$/, one(shapes.balances)],
  ['GET', /^\/[^/]+\/accounts\/[^/]+\/entries$/, list(shapes.entry)],
  ['GET', /^\/[^/]+\/accounts\/[^/]+\/statement$/, paged(shapes.statement)],
  ['POST', /^\/[^/]+\/transactions$/, one(shapes.postedTransaction)],
  ['POST', /^\/[^/]+\/transactions\/\d+\/reversals$/, one(shapes.postedTransaction)],
  ['GET', /^\/[^/]+\/transactions$/, list(shapes.transaction)],
  ['GET', /^\/[^/]+\/transactions\/\d+$/, one(shapes.transaction)],
  ['POST', /^\/[^/]+\/holds$/, one(shapes.movedHold)],
  ['POST', /^\/[^/]+\/holds\/\d+\/captures$/, one(shapes.capture)],
  ['POST', /^\/[^/]+\/holds\/\d+\/(void|extend)$/, one(shapes.movedHold)],
  ['GET', /^\/[^/]+\/holds$/, list(shapes.hold)],
  ['GET', /^\/[^/]+\/holds\/\d+$/, one(shapes.hold)],
  ['POST', /^\/[^/]+\/batches$/, one(shapes.batchItems)],
  ['GET', /^\/[^/]+\/trial-balance$/, paged(shapes.trialBalance)],
  ['GET', /^\/[^/]+\/commands$/, list(shapes.command)],
  ['GET', /^\/[^/]+\/events$/, list(shapes.event)],
  ['GET', /^\/[^/]+\/events\/\d+$/, one(shapes.event)],
]

/** What is looked at to tell whether a rule is kept. */
type Case = {
  readonly sent: Sent
  readonly answer: Answer
  readonly path: string
  readonly isDryRun: boolean
  readonly revision: string | undefined
  /** Of a problem. */
  readonly code: string
}

type Rule = readonly [name: string, isBroken: (of: Case) => boolean]

/** Everything that an answer breaks of what all answers keep to; nothing where it is as it should be. */
export function breachesOf(sent: Sent, answer: Answer): readonly string[] {
  const [path = ''] = sent.path.split('?')
  const revision = answer.headers['ledger-revision']
  const of: Case = {
    sent,
    answer,
    path,
    isDryRun: sent.path.includes('dryRun=true'),
    revision: typeof revision === 'string' ? revision : undefined,
    code: String(answer.at('code')),
  }
  const broken = rulesFor(of)
    .filter(([, isBroken]) => isBroken(of))
    .map(([name]) => name)
  return [...broken, ...shapeBreaches(of)]
}

function rulesFor({ sent, answer }: Case): readonly Rule[] {
  if (sent.method === 'OPTIONS') return always
  if (sent.method === 'HEAD') return [...always, ['HEAD has a body', () => answer.text !== '']]
  return answer.status < 400 ? [...always, ...successes] : [...always, ...problems]
}

const always: readonly Rule[] = [
  ['Ledger-Revision is no revision', ({ revision }) => !/^(0|[1-9]\d*)$/.test(revision ?? '0')],
  ['X-Powered-By names the software', ({ answer }) => 'x-powered-by' in answer.headers],
  ['Correlation-Id does not come back', (of) => isLost(of, 'correlation-id')],
  ['Causation-Id does not come back', (of) => isLost(of, 'causation-id')],
]

const successes: readonly Rule[] = [
  [
    'content type',
    ({ sent, answer }) => !mediaType(sent).test(answer.headers['content-type'] ?? ''),
  ],
  ['neither 200 nor 201', ({ answer }) => answer.status !== 200 && answer.status !== 201],
  [
    'no Ledger-Revision',
    (of) => of.revision === undefined && isOfLedger(of) && !of.isDryRun && !isAllRefused(of),
  ],
  [
    'Ledger-Revision is below Min-Revision',
    (of) =>
      isOfLedger(of) && BigInt(of.revision ?? -1) < BigInt(header(of.sent, 'min-revision') ?? -1),
  ],
]

const problems: readonly Rule[] = [
  [
    'content type',
    ({ answer }) =>
      !/^application\/problem\+json(; charset=utf-8)?$/.test(answer.headers['content-type'] ?? ''),
  ],
  ['status differs from the answer', ({ answer }) => answer.at('status') !== answer.status],
  [
    'requestId is not in Request-Id',
    ({ answer }) => answer.at('requestId') !== answer.headers['request-id'],
  ],
  ['instance is not the path', ({ answer, path }) => answer.at('instance') !== path],
  ['it shows the inside', ({ answer, path }) => inner.test(answer.text.replace(path, ''))],
  ['no Allow', ({ answer }) => answer.status === 405 && answer.headers.allow === undefined],
  [
    'no Retry-After',
    ({ answer, code }) =>
      (answer.status === 503 || code === 'idempotency-in-flight') &&
      answer.headers['retry-after'] === undefined,
  ],
  ['it failed', ({ answer }) => answer.status === 500],
  [
    'a refusal that is recorded has no revision',
    (of) => isCommand(of) && isRecorded(of) && of.revision === undefined,
  ],
  [
    'a refusal that is not recorded has a revision',
    (of) => isCommand(of) && !isRecorded(of) && of.revision !== undefined,
  ],
]

function shapeBreaches({ sent, answer, path, isDryRun }: Case): readonly string[] {
  if (answer.text === '' || (answer.status < 400 && (isDryRun || !path.startsWith(ledgers))))
    return []
  if (header(sent, 'accept') === 'text/csv' && answer.status < 400) return []
  const shape = answer.status < 400 ? shapeOf(sent.method, path) : shapes.problem
  if (shape === undefined) return [`no shape is known for ${sent.method} ${path}`]
  const parsed = shape.safeParse(answer.body)
  return parsed.success ? [] : [`shape: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`]
}

function shapeOf(method: string, path: string): z.ZodType | undefined {
  const rest = path.slice(ledgers.length)
  return answers.find(([verb, pattern]) => verb === method && pattern.test(rest))?.[2]
}

function isLost({ sent, answer }: Case, name: string): boolean {
  const given = header(sent, name)
  if (given === undefined || !/^[\x20-\x7e]{1,128}$/.test(given)) return false
  return answer.headers[name] !== given
}

function mediaType(sent: Sent): RegExp {
  return header(sent, 'accept') === 'text/csv'
    ? /^text\/csv; ?charset=utf-8/
    : /^application\/json(; charset=utf-8)?$/
}

function isOfLedger({ sent, path }: Case): boolean {
  return path.startsWith(`${ledgers}/`) || (path === ledgers && sent.method === 'POST')
}

/** An independent batch in which nothing may have been recorded. */
function isAllRefused({ answer }: Case): boolean {
  const items = answer.at('data')
  return Array.isArray(items) && items.length > 0 && items.every(isRefusedItem)
}

function isRefusedItem(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'problem' in item
}

function isCommand({ sent, isDryRun, code }: Case): boolean {
  return ['POST', 'PATCH'].includes(sent.method) && !isDryRun && !eitherCodes.has(code)
}

/** Whether a refusal of a command is one that the log keeps. */
function isRecorded({ answer, code, path }: Case): boolean {
  if (code.endsWith('-not-found') && !idsCanBe(path)) return false
  return [404, 409, 422].includes(answer.status) && !unrecordedCodes.has(code)
}

/** Whether something could have the ids of this path. */
function idsCanBe(path: string): boolean {
  const [, , , , kind, id] = path.split('/')
  if (id === undefined) return true
  if (kind === 'accounts') return /^[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*$/.test(decodeURIComponent(id))
  return /^(0|[1-9]\d{0,18})$/.test(id)
}

function header({ headers }: Sent, name: string): string | undefined {
  return Object.entries(headers).find(([sent]) => sent.toLowerCase() === name)?.[1]
}
