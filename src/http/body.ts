import type { IncomingMessage } from 'node:http'
import { GrowingBytes } from '#http/growing-bytes.ts'
import { requireOnce } from '#http/headers.ts'
import type { Intake } from '#http/intake.ts'
import { type RequestRefused, refused } from '#http/problems.ts'
import { parseStrictJson } from '#http/strict-json.ts'
import type { Json } from '#values/json.ts'

/** A request's body. `hasNumbers`: whether a JSON number stands in it. */
export type Body = { readonly value: Json; readonly hasNumbers: boolean }

/** The client went away before its request was whole: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/** A piece is a chunk as it was sent, or what of it came in one packet: each costs far more than the bytes in it. */
const piecesMax = 65_536

const mediaType = /^application\/json\s*(?:;(.*))?$/i
const charset = /(?:^|;)\s*charset\s*=\s*"?([^";\s]*)"?/i

/**
 * Reads and parses a JSON body of at most `bytesMax`.
 * @throws {RequestRefused} 415, 413, 400 `malformed-json` or, for a media type said twice, `validation-failed`; 503 where
 * too much comes in at once.
 * @throws {ClientGone}
 */
export async function readBody(
  request: IncomingMessage,
  intake: Intake,
  bytesMax: number,
): Promise<Body> {
  if (!hasBody(request)) throw refused('malformed-json', 'the body is empty')
  requireJson(request)
  const arriving = new Arriving(request, intake, bytesMax)
  try {
    const bytes = await arriving.whole(request)
    const turn = intake.turnFor(bytes.length)
    if (turn !== undefined) await turn
    return jsonIn(bytes)
  } finally {
    arriving.end()
  }
}

function jsonIn(bytes: Buffer): Body {
  const parsed = parseStrictJson(bytes)
  if (parsed.kind === 'parsed') return parsed
  const { pointer, detail } = parsed
  const errors = pointer === undefined ? [] : [{ pointer, code: 'malformed-json', detail }]
  throw refused('malformed-json', detail, { errors })
}

function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return length === undefined ? request.headers['transfer-encoding'] !== undefined : length !== '0'
}

function requireJson(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity')
    throw refused('unsupported-media-type', 'send the body without Content-Encoding')
  requireOnce(request, 'content-type')
  const type = request.headers['content-type']
  if (type === 'application/json') return
  const match = mediaType.exec(type ?? '')
  if (match === null) throw refused('unsupported-media-type', 'send the body as application/json')
  const sent = charset.exec(match[1] ?? '')?.[1]
  if (sent !== undefined && sent.toLowerCase() !== 'utf-8')
    throw refused('unsupported-media-type', 'send the body in UTF-8')
}

/** A body on its way in. */
class Arriving {
  readonly #intake: Intake
  readonly #bytesMax: number
  readonly #bytes: GrowingBytes
  readonly #said: number
  #pieces = 0

  constructor(request: IncomingMessage, intake: Intake, bytesMax: number) {
    this.#intake = intake
    this.#bytesMax = bytesMax
    this.#said = Number(request.headers['content-length'] ?? 0)
    this.#bytes = new GrowingBytes(this.#said === 0 ? bytesMax : Math.min(this.#said, bytesMax))
  }

  /** Gives back what it took up. */
  end(): void {
    this.#intake.give(this.#bytes.held)
  }

  whole(request: IncomingMessage): Promise<Buffer> {
    if (this.#said > this.#bytesMax) return Promise.reject(tooLarge(this.#bytesMax))
    return new Promise((resolve, reject) => {
      const take = (piece: Buffer) => {
        const refusal = this.#refusal(piece)
        if (refusal === undefined) return
        request.off('data', take)
        reject(refusal)
      }
      const gone = (cause?: unknown) => reject(new ClientGone('the request broke off', { cause }))
      request.on('data', take)
      request.once('error', gone)
      request.once('close', gone)
      request.once('end', () => {
        // Every request closes in the end: making an error for each would cost more than reading it.
        request.off('close', gone)
        resolve(this.#bytes.whole())
      })
    })
  }

  /** Undefined where the piece was taken. */
  #refusal(piece: Buffer): RequestRefused | undefined {
    if (this.#bytes.size + piece.length > this.#bytesMax) return tooLarge(this.#bytesMax)
    if (this.#pieces === piecesMax) return tooManyPieces()
    const refusal = this.#intake.refusal(this.#bytes.growthFor(piece.length))
    if (refusal !== undefined) return refusal
    this.#pieces += 1
    this.#bytes.add(piece)
    return undefined
  }
}

function tooLarge(bytesMax: number): RequestRefused {
  return refused('body-too-large', `a body here has at most ${bytesMax} bytes`, {
    context: { limit: bytesMax },
  })
}

function tooManyPieces(): RequestRefused {
  return refused('body-too-large', `a body comes in at most ${piecesMax} pieces: send larger ones`)
}
