import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from './java.ts'

export type Certificate = {
  /** The certificate, PEM: what a client must trust. */
  readonly pem: string
  /** Path of a file with key and certificate. */
  readonly keystore: string
}

/** Makes a self-signed certificate for `localhost` and 127.0.0.1, good for two days. Needs openssl. */
export async function makeCertificate(folder: string): Promise<Certificate> {
  const key = join(folder, 'key.pem')
  const certificate = join(folder, 'certificate.pem')
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const files = ['-keyout', key, '-out', certificate]
  await promisify(execFile)('openssl', ['req', ...kind, ...names, ...files])
  const pem = await readFile(certificate, 'utf8')
  const keystore = join(folder, 'keystore.pem')
  await writeFile(keystore, (await readFile(key, 'utf8')) + pem, { mode: 0o600 })
  return { pem, keystore }
}

/** Whether `makeCertificate` can. */
export function canMakeCertificates(): boolean {
  return findProgram('openssl') !== undefined
}
