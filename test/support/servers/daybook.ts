import process from 'node:process'
import { clusterSettings } from '../cluster-settings.ts'
import { openCluster } from '../cluster.ts'
import { type Program, startProgram, temporaryFolder } from '../program.ts'

/** A running Daybook that tests share. */
type Daybook = AsyncDisposable & { readonly url: string }

type Server = { readonly url: string }
type Servers = { readonly kafka: Server; readonly mongodb: Server; readonly eventstoredb: Server }

const linesToTell = 20

/** The program on a folder of its own. */
export async function startDaybook(): Promise<Daybook> {
  await using starting = new AsyncDisposableStack()
  const folder = starting.use(await temporaryFolder())
  const program = starting.use(await startProgram(folder.path))
  return shared(program.url, [program], starting.move())
}

/** A process of the program for each role, on these servers. */
export async function startDaybookCluster({
  kafka,
  mongodb,
  eventstoredb,
}: Servers): Promise<Daybook> {
  const settings = clusterSettings({
    kafka: () => kafka,
    mongodb: () => mongodb,
    eventstoredb: () => eventstoredb,
  })
  await using starting = new AsyncDisposableStack()
  const cluster = starting.use(await openCluster(settings))
  return shared(cluster.process('api').url, cluster.all(), starting.move())
}

/** Tests that shared it see only that it is gone: whatever ends before its time is told of here, with its last words. */
function shared(url: string, programs: readonly Program[], started: AsyncDisposableStack): Daybook {
  let isOver = false
  const watch = async ({ exited, lines }: Program) => {
    const { code, signal } = await exited
    if (isOver) return
    const last = lines.slice(-linesToTell).join('\n')
    process.stderr.write(`the shared Daybook ended with ${code ?? signal}:\n${last}\n`)
  }
  for (const program of programs) void watch(program)
  return {
    url,
    async [Symbol.asyncDispose]() {
      isOver = true
      await started.disposeAsync()
    },
  }
}
