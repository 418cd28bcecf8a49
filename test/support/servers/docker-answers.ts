import { existsSync } from 'node:fs'
import { get } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const answerMsMax = 500

/** Whether a Docker daemon answers, where testcontainers will look for one. Takes up to `answerMsMax`. */
export async function dockerAnswers(): Promise<boolean> {
  const host = process.env['DOCKER_HOST']
  if (host !== undefined && !host.startsWith('unix://')) return await pings(new URL(host))
  const sockets = host ? [host.slice('unix://'.length)] : usualSockets()
  const answers = await Promise.all(sockets.filter((path) => existsSync(path)).map(pings))
  return answers.includes(true)
}

function usualSockets(): string[] {
  const runtime = process.env['XDG_RUNTIME_DIR']
  return [
    '/var/run/docker.sock',
    ...(runtime ? [join(runtime, 'docker.sock')] : []),
    join(homedir(), '.docker/run/docker.sock'),
  ]
}

/** Any answer counts: one over TLS can't be understood here, but is there. */
function pings(at: string | URL): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const where =
    typeof at === 'string' ? { socketPath: at } : { host: at.hostname, port: at.port || 2375 }
  const request = get({ ...where, path: '/_ping', timeout: answerMsMax }, (response) => {
    response.resume()
    resolve(true)
  })
  request.once('timeout', () => request.destroy())
  request.once('close', () => resolve(false))
  request.once('error', () => resolve(false))
  return promise
}
