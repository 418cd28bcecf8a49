import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openEventStoreDb } from '#adapters/eventstoredb/event-store.ts'
import { aStream, someEvents } from '#test/contracts/event-store.ts'
import { startEventStoreDouble } from '#test/support/eventstoredb/start.ts'
import { recordingLogger } from '#test/support/recording-logger.ts'

const hasOpenSsl = (() => {
  try {
    execFileSync('openssl', ['version'])
    return true
  } catch {
    return false
  }
})()

/** A double that speaks TLS, with a certificate made for it. */
async function aSecureDouble() {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-tls-'))
  const certificateFile = join(folder, 'certificate.pem')
  const keyFile = join(folder, 'key.pem')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', keyFile, '-out', certificateFile]
  execFileSync('openssl', ['req', '-x509', '-nodes', ...curve, ...subject, ...files], {
    stdio: 'ignore',
  })
  const key = await readFile(keyFile)
  const certificate = await readFile(certificateFile)
  const double = await startEventStoreDouble({ key, certificate, certificateFile })
  const dispose = async () => {
    await double[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  }
  return { double, [Symbol.asyncDispose]: dispose }
}

describe.skipIf(!hasOpenSsl)('a server with TLS and users (skipped without openssl)', () => {
  it('gets the credentials of the URL with every call', async () => {
    await using at = await aSecureDouble()
    const { logger } = recordingLogger()
    const url = at.double.url.replace('://', '://ann:p%40ss@')
    await using store = await openEventStoreDb({ url, logger })
    const stream = aStream()
    await store.append(stream, someEvents(1), 'no-stream')
    await store.append(stream, someEvents(1), 0n)
    await store.readStream(stream, 0n, 1)
    await store.head(stream)
    await store.readAll(undefined, 1)
    await store.check()
    await store.appended(60_000, AbortSignal.any([]))
    const authorization = `Basic ${Buffer.from('ann:p@ss').toString('base64')}`
    expect(at.double.calls.map(({ method }) => method)).toEqual(
      'append append read read read read subscribe'.split(' '),
    )
    expect(at.double.calls.filter((call) => call.authorization !== authorization)).toEqual([])
  })

  it('is unavailable when its certificate is not trusted', async () => {
    await using at = await aSecureDouble()
    const { logger } = recordingLogger()
    const url = `esdb://localhost:${at.double.port}?tls=true`
    await using store = await openEventStoreDb({ url, logger })
    await expect(store.check()).rejects.toMatchObject({ name: 'EventStoreUnavailable' })
  })
})
