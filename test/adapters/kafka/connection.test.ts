import { describe, expect, it } from 'vitest'
import { brokerNames, parseKafkaUrl } from '#adapters/kafka/connection.ts'
import { connectionOf } from '#test/adapters/kafka/topics.ts'

describe('a Kafka URL', () => {
  it('names brokers', () => {
    expect(connectionOf('kafka://one:9092,two.example:29092,10.0.0.3')).toEqual({
      brokers: ['one:9092', 'two.example:29092', '10.0.0.3:9092'],
      clientId: 'daybook',
    })
  })

  it('names who logs in, percent-encoded, by scram-sha-512 where it says no other way', () => {
    const { sasl } = connectionOf('kafka://alice%40home:p%3Aa%2Fss:word@broker:9092')
    expect(sasl).toEqual({
      mechanism: 'scram-sha-512',
      username: 'alice@home',
      password: 'p:a/ss:word',
    })
    expect(connectionOf('kafka://a:b@broker?sasl=plain').sasl?.mechanism).toBe('plain')
  })

  it('names the files that TLS needs', () => {
    expect(connectionOf('kafka://broker?tls=true').tls).toEqual({})
    const url = 'kafka://broker/?tls=true&ca=/etc/ca.pem&cert=/etc/me.pem&key=/etc/me.key'
    expect(connectionOf(url).tls).toEqual({
      caFile: '/etc/ca.pem',
      certFile: '/etc/me.pem',
      keyFile: '/etc/me.key',
    })
    expect(connectionOf('kafka://broker?tls=false').tls).toBeUndefined()
  })

  it.each([
    ['kafka:broker', /a Kafka URL is kafka:\/\/\[user/],
    ['http://broker:9092', /a Kafka URL is kafka:/],
    ['kafka://broker/hunter2', /a Kafka URL is kafka:/],
    ['kafka://user:hunter2@broker/more/', /a Kafka URL is kafka:/],
    ['kafka://user:hunter2@[::1]:9092', /IPv6/],
    ['kafka://user:hunter2@fe80::1', /IPv6/],
    ['kafka://', /host:port/],
    ['kafka://one:9092,', /host:port/],
    ['kafka://bro ker', /host:port/],
    ['kafka://broker:0', /port/],
    ['kafka://broker:65536', /port/],
    ['kafka://broker:hunter2', /port/],
    ['kafka://user@broker', /password/],
    ['kafka://:hunter2@broker', /password/],
    ['kafka://us%zz:hunter2@broker', /percent-encoded/],
    ['kafka://broker?sasl=plain', /user and a password/],
    ['kafka://user:hunter2@broker?sasl=gssapi', /plain, scram-sha-256, scram-sha-512/],
    ['kafka://broker?tls=yes', /true or false/],
    ['kafka://broker?ca=/hunter2', /tls=true/],
    ['kafka://broker?tls=true&cert=/hunter2', /need each other/],
    ['kafka://broker?hunter2=1', /tls, ca, cert, key, sasl/],
    ['kafka://broker?tls=true&tls=false', /twice/],
  ])('that is none, %s, is refused in a sentence', (url, problem) => {
    const parsed = parseKafkaUrl(url)
    expect(parsed).toEqual({ problem: expect.stringMatching(problem) })
    expect(JSON.stringify(parsed)).not.toContain('hunter2')
  })

  it('shows its brokers without the password', () => {
    expect(brokerNames(connectionOf('kafka://u:hunter2@one:1,two:2'))).toBe('one:1, two:2')
  })
})
