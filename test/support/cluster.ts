import type { Role } from '#compose/roles.ts'
import {
  type Program,
  type Settings,
  startProgram,
  temporaryFolder,
} from '#test/support/program.ts'

/** How many processes of each role. */
export type ClusterSize = Readonly<Record<Role, number>>

/** Processes of Daybook, one or more of each role, as on machines of their own. */
export type Cluster = AsyncDisposable & {
  readonly settings: Settings
  readonly folder: string
  /** One process of a role, counted from 0. */
  process(role: Role, index?: number): Program
  processes(role: Role): readonly Program[]
  all(): readonly Program[]
  /** Puts a new process in the place of one that has ended or is killed by this. */
  replace(role: Role, index?: number): Promise<Program>
  /** Stops every process as an operator would, and starts as many again. */
  restart(): Promise<void>
}

export const oneOfEach: ClusterSize = { api: 1, relay: 1, projector: 1, sweeper: 1 }

/** Starts a cluster; the settings lead to its servers. `started` is told of each process once it listens. */
export async function openCluster(
  settings: Settings,
  size: ClusterSize = oneOfEach,
  started: (role: Role, program: Program) => void = () => {},
): Promise<Cluster> {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await temporaryFolder())
  const cluster = new Processes(folder.path, settings, started)
  opening.defer(() => cluster.kill())
  await cluster.start(size)
  const opened = opening.move()
  return {
    settings: cluster.settings,
    folder: folder.path,
    process: (role, index) => cluster.process(role, index),
    processes: (role) => cluster.processes(role),
    all: () => cluster.all(),
    replace: (role, index) => cluster.replace(role, index),
    restart: () => cluster.restart(size),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

class Processes {
  readonly settings: Settings
  readonly #folder: string
  readonly #started: (role: Role, program: Program) => void
  readonly #programs = new Map<Role, Program[]>()

  constructor(folder: string, settings: Settings, started: (role: Role, program: Program) => void) {
    this.#folder = folder
    this.settings = settings
    this.#started = started
  }

  async start(size: ClusterSize): Promise<void> {
    const roles: readonly Role[] = ['api', 'relay', 'projector', 'sweeper']
    const wanted = roles.flatMap((role) =>
      Array.from({ length: size[role] }, (_, index) => ({ role, index })),
    )
    await Promise.all(wanted.map(({ role, index }) => this.#startOne(role, index)))
  }

  processes(role: Role): readonly Program[] {
    return this.#programs.get(role) ?? []
  }

  all(): readonly Program[] {
    return [...this.#programs.values()].flat()
  }

  process(role: Role, index = 0): Program {
    const program = this.processes(role)[index]
    if (program === undefined) throw new Error(`there is no ${role} ${index}`)
    return program
  }

  async replace(role: Role, index = 0): Promise<Program> {
    await this.process(role, index).kill()
    return this.#startOne(role, index)
  }

  async restart(size: ClusterSize): Promise<void> {
    const all = [...this.#programs.values()].flat()
    const exits = await Promise.all(
      all.map(async (program) => [program, await program.stop()] as const),
    )
    for (const [program, { code, signal }] of exits)
      if (code !== 0)
        throw new Error(`it ended with ${code ?? signal}: ${program.lines.join('\n')}`)
    await this.start(size)
  }

  async kill(): Promise<void> {
    await Promise.all(this.all().map((program) => program.kill()))
  }

  /** Each process has a data folder of its own, as on a machine of its own. */
  async #startOne(role: Role, index: number): Promise<Program> {
    const settings = { ...this.settings, DAYBOOK_DATA: `${this.#folder}/${role}-${index}` }
    const program = await startProgram(this.#folder, settings, role)
    this.#started(role, program)
    const programs = this.#programs.get(role) ?? []
    programs[index] = program
    this.#programs.set(role, programs)
    return program
  }
}
