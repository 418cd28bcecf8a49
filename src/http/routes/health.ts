import { acceptable, answerJson } from '#http/exchange.ts'
import { answerRead } from '#http/large-answers.ts'
import type { HealthCheck, HealthParts, Parts } from '#http/parts.ts'
import { refused, retryAfter } from '#http/problems.ts'
import { queryParameters, requireOnly } from '#http/query-string.ts'
import type { Act } from '#http/routes/commands.ts'
import { sharedLook } from '#http/shared-look.ts'
import type { JsonObject } from '#values/json.ts'

/** The process answers. */
export function answerLive(): Act {
  return async (exchange) => {
    plain(exchange)
    answerJson(exchange, 200, { body: { data: { status: 'live' } } })
  }
}

/** Everything that the process depends on answers too; each by name. */
export function answerReady(parts: HealthParts): Act {
  const checks = Object.entries(parts.healthChecks).map(
    ([name, check]) => [name, oneAtATime(check)] as const,
  )
  return async (exchange) => {
    plain(exchange)
    const states = await Promise.all(
      checks.map(async ([name, check]) => [name, await stateOf(parts, name, check)] as const),
    )
    const dependencies = Object.fromEntries(states)
    if (states.some(([, state]) => state === 'down'))
      throw refused('unavailable', 'not everything that this process needs can serve', {
        context: { dependencies },
        headers: retryAfter(1),
      })
    answerJson(exchange, 200, { body: { data: { status: 'ready', dependencies } } })
  }
}

/** How far every read model is. All ledgers are looked at for it, and so not for everyone who asks. */
export function answerProjections(parts: Parts): Act {
  const look = async () => JSON.stringify({ data: await parts.projectionStatuses() })
  const shared = sharedLook(look, parts.clock)
  return async (exchange) => {
    plain(exchange)
    answerRead(parts, exchange, { text: await shared() })
  }
}

/** How far the broker is behind the log, and whether this process is the relay that is at it. */
export function answerRelay(status: () => Promise<JsonObject>): Act {
  return async (exchange) => {
    plain(exchange)
    answerJson(exchange, 200, { body: { data: await status() } })
  }
}

function plain({ request }: Parameters<Act>[0]): void {
  acceptable(request, ['application/json'])
  requireOnly(queryParameters(request.url), [])
}

/** Whoever asks meanwhile gets the same answer: a check may open a connection, and go on long after nobody waits. */
function oneAtATime(check: HealthCheck): HealthCheck {
  let underWay: Promise<unknown> | undefined
  return () => {
    underWay ??= check().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}

async function stateOf(
  { limits, logger }: HealthParts,
  name: string,
  check: HealthCheck,
): Promise<'up' | 'refusing' | 'down'> {
  try {
    const found = await within(limits.healthCheckMs, check())
    return found === 'refusing' ? 'refusing' : 'up'
  } catch (error) {
    logger.warn({ dependency: name, error }, 'a health check failed')
    return 'down'
  }
}

async function within(limitMs: number, work: Promise<unknown>): Promise<unknown> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer in ${limitMs} ms`)), limitMs)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
