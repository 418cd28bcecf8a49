import { pointerTo } from '#commands/parse-command.ts'
import { invalid } from '#http/problems.ts'

/** The parameters of a query string, each once, decoded. */
export type QueryParameters = Readonly<Record<string, string>>

const none: QueryParameters = Object.freeze({})

/**
 * Reads the query string of a request's target as a form would write it.
 * @throws {RequestRefused} for a repeated parameter and for what is not percent-encoded UTF-8.
 */
export function queryParameters(target: string): QueryParameters {
  const start = target.indexOf('?')
  if (start === -1 || start === target.length - 1) return none
  const parameters = new Map<string, string>()
  for (const pair of target.slice(start + 1).split('&')) {
    if (pair === '') continue
    const { name, value } = parameterIn(pair)
    if (parameters.has(name)) throw invalid(queryPointer(name), 'stands there more than once')
    parameters.set(name, value)
  }
  return Object.fromEntries(parameters)
}

/** @throws {RequestRefused} for a parameter that is not one of `names`. */
export function requireOnly(parameters: QueryParameters, names: readonly string[]): void {
  for (const name of Object.keys(parameters))
    if (!names.includes(name)) throw invalid(queryPointer(name), 'this parameter is not known here')
}

/** @throws {RequestRefused} for a parameter that is one of `names`. */
export function requireNone(parameters: QueryParameters, names: readonly string[]): void {
  for (const name of names)
    if (Object.hasOwn(parameters, name))
      throw invalid(queryPointer(name), 'stands in the path already')
}

function queryPointer(name: string): string {
  return pointerTo(['query', name.slice(0, 64)])
}

function parameterIn(pair: string): { name: string; value: string } {
  const equals = pair.indexOf('=')
  const name = decoded(equals === -1 ? pair : pair.slice(0, equals))
  return { name, value: equals === -1 ? '' : decoded(pair.slice(equals + 1)) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalid('/query', 'is not valid percent-encoded UTF-8')
  }
}
