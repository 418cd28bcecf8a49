import type { RequestHandler, Response } from 'express'
import { randomId } from '#commands/handler/random-id.ts'

/** Gives every request an id of ours: it stands in the answer, in problems and in log lines. */
export const identifyRequest: RequestHandler = (_request, response, next) => {
  response.locals['requestId'] = randomId()
  next()
}

export function requestIdOf(response: Response): string {
  const id: unknown = response.locals['requestId']
  return typeof id === 'string' ? id : ''
}
