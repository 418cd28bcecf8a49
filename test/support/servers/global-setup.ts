import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestProject } from 'vitest/node'
import { type Chances, findChances } from './chances.ts'
import { endLeftovers } from './leftovers.ts'
import { openSharedServers, type SharedServers } from './shared-servers.ts'

declare module 'vitest' {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- only an interface can be added to
  interface ProvidedContext {
    readonly servers: {
      readonly chances: Chances
      /** The loopback port where a test asks for a shared server: `GET /kafka`. */
      readonly deskPort: number
    }
  }
}

/**
 * Runs once before all test files, in the process of the runner. Says what can be had, and starts a server when
 * the first test asks for it; most runs start none. What it returns ends them.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  endLeftovers()
  const chances = await findChances()
  const servers = openSharedServers(chances)
  const desk = createServer((request, response) => void serve(servers, request, response))
  await once(desk.listen(0, '127.0.0.1'), 'listening')
  const address = desk.address()
  if (address === null || typeof address === 'string') throw new Error('the desk has no port')
  project.provide('servers', { chances, deskPort: address.port })
  return async () => {
    desk.close()
    desk.closeAllConnections()
    await servers[Symbol.asyncDispose]()
  }
}

async function serve(
  servers: SharedServers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    response.end(JSON.stringify(await serverAt(servers, request.url)))
  } catch (error) {
    response.writeHead(500).end(String(error))
  }
}

async function serverAt(servers: SharedServers, path = ''): Promise<object> {
  if (path === '/kafka') return await servers.kafka()
  if (path === '/kafka-process') return await servers.kafkaProcess()
  if (path === '/mongodb') return await servers.mongodb()
  if (path === '/eventstoredb') return await servers.eventstoredb()
  if (path === '/daybook') return await servers.daybook()
  if (path === '/daybook-cluster') return await servers.daybookCluster()
  throw new Error(`no server at ${path}`)
}
