/** User name and password, as every call carries them. */
export type Credentials = { readonly username: string; readonly password: string }

/**
 * Where the server is. `url` is for the client and has no user information, since the client prints URLs;
 * `description` is for people: scheme and hosts, nothing else.
 */
export type Address = {
  readonly url: string
  readonly description: string
  readonly credentials: Credentials | undefined
}

/** The URL can't be understood: one sentence about why, without anything of the URL. */
export class EventStoreUrlRefused extends TypeError {
  override readonly name = 'EventStoreUrlRefused'
}

const parts = /^(?<scheme>[a-z+]+):\/\/(?:(?<user>[^@/?]*)@)?(?<hosts>[^/?@]+)(?<rest>[/?][^@]*)?$/

/** The client knows its own scheme only; the server's new name means the same. */
const schemes: Readonly<Record<string, string>> = {
  esdb: 'esdb',
  'esdb+discover': 'esdb+discover',
  kurrentdb: 'esdb',
  'kurrentdb+discover': 'esdb+discover',
}

/**
 * Takes `esdb://user:password@host:2113?tls=true` and its like apart.
 * @throws {EventStoreUrlRefused}
 */
export function parseAddress(url: string): Address {
  const { scheme = '', user, hosts = '', rest = '' } = parts.exec(url.trim())?.groups ?? {}
  const known = schemes[scheme]
  if (known === undefined || hosts === '')
    throw new EventStoreUrlRefused(
      'the URL of the event store is not esdb://[user:password@]host[:port][?options]',
    )
  return {
    url: `${known}://${hosts}${rest}`,
    description: `${known}://${hosts}`,
    credentials: user === undefined ? undefined : parseCredentials(user),
  }
}

/** The server's name for log lines: scheme and hosts of its URL, without user, password and options. */
export function describeEventStoreDbUrl(url: string): string {
  return parseAddress(url).description
}

function parseCredentials(user: string): Credentials {
  const [username = '', password = '', ...more] = user.split(':')
  if (username === '' || password === '' || more.length > 0)
    throw new EventStoreUrlRefused(
      'the user in the URL of the event store is not name:password, percent-encoded',
    )
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) }
  } catch {
    throw new EventStoreUrlRefused('the user in the URL of the event store is not percent-encoded')
  }
}
