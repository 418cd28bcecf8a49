import { Agent, type IncomingHttpHeaders, request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Sent } from '#test/support/http-exchange.ts'
import { breachesOf } from '#test/support/http-client-rules.ts'
import type { Json } from '#values/json.ts'

export type Headers = Readonly<Record<string, string>>

const timeoutMs = 20_000
const notYetVisibleMs = 250
/** Long enough for a cluster on a busy machine, where a rebalance may be under way. */
export const clusterPatienceMs = 30_000

export type ApiClientOptions = { readonly connections?: number; readonly patienceMs?: number }

/** An answer breaks a rule that holds for all of them. */
class RuleBroken extends Error {
  override readonly name = 'RuleBroken'
}

/**
 * A client of any Daybook there is a URL of. Every answer is held against the rules that all answers keep: media type,
 * shape of the resource or of the problem, revisions. Connections are kept alive, at most `connections`. `patienceMs` is for
 * how long a read is asked again while what it waits for is stored and not yet visible; 0 for never.
 */
export class ApiClient implements Disposable {
  readonly #agent: Agent
  readonly #base: URL
  readonly #patienceMs: number
  #keys = 0
  readonly #keyPrefix: string

  constructor(
    baseUrl: string,
    { connections = 32, patienceMs = clusterPatienceMs }: ApiClientOptions = {},
  ) {
    this.#patienceMs = patienceMs
    this.#base = new URL(baseUrl)
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
    this.#keyPrefix = crypto.randomUUID()
  }

  get url(): string {
    return this.#base.href.replace(/\/$/, '')
  }

  /** A key that no other request has. */
  key(): string {
    this.#keys += 1
    return `${this.#keyPrefix}.${this.#keys}`
  }

  /** Asks again, as every client should, while what it waits for is stored and not yet visible. */
  async get(path: string, headers: Headers = {}): Promise<Answer> {
    const untilMs = performance.now() + this.#patienceMs
    for (;;) {
      const answer = await this.send({ method: 'GET', path, headers })
      if (performance.now() >= untilMs || !isStored(answer, headers)) return answer
      await sleep(notYetVisibleMs)
    }
  }

  /** Sends a command, under a key of its own where the headers name none. */
  post(path: string, body: Json, headers: Headers = {}): Promise<Answer> {
    return this.send({ method: 'POST', path, headers: this.#commandHeaders(headers), body })
  }

  patch(path: string, body: Json, headers: Headers = {}): Promise<Answer> {
    return this.send({ method: 'PATCH', path, headers: this.#commandHeaders(headers), body })
  }

  /** All items of a list, page by page. */
  async all(path: string, headers: Headers = {}): Promise<readonly unknown[]> {
    const items: unknown[] = []
    const join = path.includes('?') ? '&' : '?'
    for (let cursor = ''; ; ) {
      const answer = await this.get(
        cursor === '' ? path : `${path}${join}cursor=${cursor}`,
        headers,
      )
      if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`)
      const data = answer.at('data')
      if (!Array.isArray(data)) throw new TypeError(`${path} is no list`)
      items.push(...data)
      const next = answer.at('page', 'next')
      if (typeof next !== 'string') return items
      cursor = encodeURIComponent(next)
    }
  }

  /** Sends a request and checks what every answer must keep to. @throws {RuleBroken} */
  async send(sent: Sent): Promise<Answer> {
    const answer = await this.sendUnchecked(sent)
    const breaches = breachesOf(sent, answer)
    if (breaches.length === 0) return answer
    const said = `${answer.status} ${JSON.stringify(answer.headers)} ${answer.text.slice(0, 2000)}`
    const asked = `${sent.method} ${sent.path} ${JSON.stringify(sent.headers)} ${bodyText(sent).toString().slice(0, 1000)}`
    throw new RuleBroken(`${breaches.join('; ')}\n  asked: ${asked}\n  said: ${said}`)
  }

  sendUnchecked(sent: Sent): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const payload = sent.body === undefined ? undefined : bodyText(sent)
    const request = httpRequest(
      {
        agent: this.#agent,
        hostname: this.#base.hostname,
        port: this.#base.port,
        method: sent.method,
        path: sent.path,
        headers: {
          ...sent.headers,
          ...(payload !== undefined && { 'content-length': payload.length }),
        },
        timeout: timeoutMs,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve(new ReadAnswer(response.statusCode ?? 0, response.headers, text))
        })
      },
    )
    request.on('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)))
    request.on('error', reject)
    request.end(payload)
    return promise
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #commandHeaders(headers: Headers): Headers {
    const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
    return {
      ...(!given.has('content-type') && { 'content-type': 'application/json' }),
      ...(!given.has('idempotency-key') && { 'idempotency-key': this.key() }),
      ...headers,
    }
  }
}

/** Whether a read waits, as its refusal says, for a revision that the log has and the read models do not yet have. */
function isStored(answer: Answer, headers: Headers): boolean {
  if (answer.status !== 503 || answer.at('code') !== 'projection-behind') return false
  const head = answer.at('context', 'head')
  const applied = answer.at('context', 'applied') ?? '-1'
  const asked = headers['min-revision'] ?? headers['Min-Revision']
  if (typeof head !== 'string' || typeof applied !== 'string' || asked === undefined) return false
  return BigInt(applied) < BigInt(asked) && BigInt(asked) <= BigInt(head)
}

function bodyText({ body }: Sent): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : (JSON.stringify(body) ?? ''))
}

class ReadAnswer implements Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: unknown

  constructor(status: number, headers: IncomingHttpHeaders, text: string) {
    this.status = status
    this.headers = headers
    this.text = text
    this.body = parsed(text)
  }

  get revision(): bigint {
    const header = this.headers['ledger-revision']
    if (typeof header !== 'string') throw new Error(`no Ledger-Revision: ${this.text}`)
    return BigInt(header)
  }

  at(...path: readonly (string | number)[]): unknown {
    return path.reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined,
      this.body,
    )
  }

  string(...path: readonly (string | number)[]): string {
    const value = this.at(...path)
    if (typeof value === 'string') return value
    throw new TypeError(`${path.join('.')} is no string in ${this.status} ${this.text}`)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
