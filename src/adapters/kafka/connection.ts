/** Where Kafka is and how to get in. Certificates and keys are named by path and read when a connection is opened. */
export type KafkaConnection = {
  /** `host:port` each; host names or IPv4. */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** Empty: TLS that trusts what Node trusts. */
  readonly tls?: KafkaTls
  readonly sasl?: KafkaSasl
}

/** Paths of PEM files. */
export type KafkaTls = {
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
}

export type KafkaSasl = {
  readonly mechanism: SaslMechanism
  readonly username: string
  readonly password: string
}

type SaslMechanism = (typeof saslMechanisms)[number]

/** Why an URL is none of ours, in a sentence without anything of the URL: it may hold a password. */
export type KafkaUrlProblem = { readonly problem: string }

const kafkaUrlForm =
  'kafka://[user:password@]host:port[,host:port…][?tls=true&ca=/ca.pem&cert=/client.pem&key=/client.key&sasl=plain|scram-sha-256|scram-sha-512]'

const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
const tlsFiles = [
  ['ca', 'caFile'],
  ['cert', 'certFile'],
  ['key', 'keyFile'],
] as const
const parameterNames: readonly string[] = ['tls', ...tlsFiles.map(([name]) => name), 'sasl']
const portDefault = 9092
const portMax = 65_535

/**
 * Reads an URL of the form `kafkaUrlForm`. Without `sasl`, a user logs in with scram-sha-512, which never shows the
 * password; user and password are percent-decoded. The port is 9092 where none is given.
 */
export function parseKafkaUrl(
  url: string,
  clientId = 'daybook',
): KafkaConnection | KafkaUrlProblem {
  try {
    return connectionOf(url, clientId)
  } catch (error) {
    if (error instanceof Problem) return { problem: error.message }
    throw error
  }
}

/** The brokers without credentials, for logs and messages. */
export function brokerNames({ brokers }: Pick<KafkaConnection, 'brokers'>): string {
  return brokers.join(', ')
}

class Problem extends Error {}

function connectionOf(url: string, clientId: string): KafkaConnection {
  const { login, hosts = '', query = '' } = partsOf(url)
  const parameters = parametersOf(query)
  const brokers = hosts.split(',').map(brokerOf)
  const tls = tlsOf(parameters)
  const sasl = saslOf(login, parameters.get('sasl'))
  return { brokers, clientId, ...(tls && { tls }), ...(sasl && { sasl }) }
}

function partsOf(url: string): { login?: string; hosts?: string; query?: string } {
  const parts =
    /^kafka:\/\/(?:(?<login>[^/?#]*)@)?(?<hosts>[^@/?#]*)\/?(?:\?(?<query>[^#]*))?$/.exec(url)
  if (parts?.groups === undefined) throw new Problem(`a Kafka URL is ${kafkaUrlForm}`)
  return parts.groups
}

function parametersOf(query: string): URLSearchParams {
  const parameters = new URLSearchParams(query)
  const names = [...parameters.keys()]
  if (names.some((name) => !parameterNames.includes(name)))
    throw new Problem(`a Kafka URL has a parameter that is none of ${parameterNames.join(', ')}`)
  if (new Set(names).size < names.length) throw new Problem('a Kafka URL gives a parameter twice')
  return parameters
}

function brokerOf(text: string): string {
  if (text.includes('[') || text.split(':').length > 2)
    throw new Problem(
      'a Kafka URL names a broker by IPv6 address: use a host name or an IPv4 address',
    )
  const [host = '', port = String(portDefault)] = text.split(':')
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host))
    throw new Problem('a Kafka URL names each broker as host:port, separated by commas')
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > portMax)
    throw new Problem(`a Kafka URL has a port that is not a number from 1 to ${portMax}`)
  return `${host}:${Number(port)}`
}

function tlsOf(parameters: URLSearchParams): KafkaTls | undefined {
  const files = tlsFiles.flatMap(([name, field]) => {
    const path = parameters.get(name)
    return path ? [[field, path] as const] : []
  })
  const tls = parameters.get('tls') ?? 'false'
  if (tls !== 'true' && tls !== 'false') throw new Problem('in a Kafka URL tls is true or false')
  if (tls === 'false' && files.length > 0)
    throw new Problem('in a Kafka URL ca, cert and key need tls=true')
  if (parameters.has('cert') !== parameters.has('key'))
    throw new Problem('in a Kafka URL cert and key need each other')
  return tls === 'true' ? Object.fromEntries(files) : undefined
}

function saslOf(login: string | undefined, named: string | null): KafkaSasl | undefined {
  if (login === undefined) {
    if (named !== null) throw new Problem('in a Kafka URL sasl needs a user and a password')
    return undefined
  }
  const mechanism = saslMechanisms.find((known) => known === (named ?? 'scram-sha-512'))
  if (mechanism === undefined)
    throw new Problem(`in a Kafka URL sasl is one of ${saslMechanisms.join(', ')}`)
  const [username = '', ...rest] = login.split(':')
  const password = rest.join(':')
  if (username === '' || password === '')
    throw new Problem('a Kafka URL with a user needs a password, too')
  return { mechanism, username: decoded(username), password: decoded(password) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Problem('a Kafka URL has a user or a password that is not percent-encoded as UTF-8')
  }
}
