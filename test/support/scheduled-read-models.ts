import {
  type ModelChange,
  ReadModelsUnavailable,
  type ReadModelWriter,
} from '#ports/read-models.ts'
import type { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import type { ScheduledProcess, Tape } from '#test/support/scheduled-process.ts'

/**
 * What goes wrong with a write. Nothing is stored: `refused`, or `overtaken`, which another projector is said to have
 * done. The answer is lost: `unanswered` (stored), `delayed` (stored later), `partial` (some changes stored, each whole),
 * `torn` (documents stored, checkpoints not). `late`: stored, and heard of later.
 */
const writeFaults = [
  'none',
  'refused',
  'overtaken',
  'unanswered',
  'delayed',
  'partial',
  'torn',
  'late',
] as const

const readFaults = ['none', 'unavailable', 'late'] as const

type WriteFault = (typeof writeFaults)[number]

/** The highest number on a tape that means a fault. */
export const modelFaultMax = writeFaults.length - 1

/** Both sides of read models that processes share, and whether a document may be ahead of its checkpoint just now. */
export class SharedReadModels {
  readonly models: ReturnType<typeof openMemoryReadModels>
  /** Whether a commit may have been stored without its projector's knowing. */
  isUncertain = false
  /** Whether documents were stored without their checkpoint. */
  isTorn = false
  #tearsNext = false

  constructor(open: typeof openMemoryReadModels) {
    this.models = open({ tears: () => this.#tearsNext })
  }

  async tear(changes: readonly ModelChange[]): Promise<never> {
    this.isTorn = true
    this.#tearsNext = true
    const torn = this.models.commit(changes)
    this.#tearsNext = false
    await torn
    throw new ReadModelsUnavailable('cut off, though nothing was there to be torn')
  }
}

/** One process's way to read models that others share: each call is a step of the world, and goes wrong as the tape says. */
export function scheduledReadModels(
  shared: SharedReadModels,
  process: ScheduledProcess,
  tape: Tape,
): Omit<ReadModelWriter, keyof AsyncDisposable> {
  const { models } = shared
  const read = async <Answer>(what: string, work: () => Promise<Answer>): Promise<Answer> => {
    const fault = readFaults[tape.next()] ?? 'none'
    return process.ask(fault === 'none' ? what : `${what}, ${fault}`, {
      isLate: fault === 'late',
      work: () => (fault === 'unavailable' ? unavailable() : work()),
    })
  }
  const write = async <Answer>(what: string, work: Writing<Answer>): Promise<Answer> => {
    const fault = writeFaults[tape.next()] ?? 'none'
    return process.ask(fault === 'none' ? what : `${what}, ${fault}`, {
      isLate: fault === 'late',
      work: () => suffered({ shared, process, what, fault }, work),
    })
  }
  return {
    prepare: (model) => read(`prepares ${model.name}`, () => models.prepare(model)),
    checkpoint: (model, ledgerId) =>
      read(`asks how far ${model.name} is in ${ledgerId}`, () =>
        models.checkpoint(model, ledgerId),
      ),
    load: (model, ledgerId, ids) =>
      read(`loads ${ids.length} of ${model.name} in ${ledgerId}`, () =>
        models.load(model, ledgerId, ids),
      ),
    commit: (changes) =>
      write(`commits ${changes.map(named).join(', ')}`, {
        whole: () => models.commit(changes),
        part: () => models.commit(changes.slice(0, changes.length / 2)),
        torn: () => shared.tear(changes),
        overtaken: false,
      }),
    builds: (model) => read(`looks what builds ${model.name} has`, () => models.builds(model)),
    servingVersion: (name) => read(`looks which ${name} serves`, () => models.servingVersion(name)),
    startBuild: (model, startedAt) =>
      write(`starts a build of ${model.name}`, {
        whole: () => models.startBuild(model, startedAt),
      }),
    serveBuild: (model) =>
      write(`lets build ${model.build} of ${model.name} serve`, {
        whole: () => models.serveBuild(model),
        overtaken: false,
      }),
    dropBuild: (model) =>
      write(`drops build ${model.build} of ${model.name}`, {
        whole: () => models.dropBuild(model),
      }),
    forgetFeedPosition: (feed) =>
      write(`forgets where ${feed} was`, { whole: () => models.forgetFeedPosition(feed) }),
    feedPosition: (feed) => read(`looks where ${feed} is`, () => models.feedPosition(feed)),
    saveFeedPosition: (feed, position) =>
      write(`notes that ${feed} is at ${position}`, {
        whole: () => models.saveFeedPosition(feed, position),
      }),
    lease: (name) => read(`looks at the lease ${name}`, () => models.lease(name)),
    moveLease: (name, seen, holder) =>
      write(`moves the lease ${name} to ${holder || 'nobody'}`, {
        whole: () => models.moveLease(name, seen, holder),
        overtaken: false,
      }),
  }
}

/** A write, and what may become of it instead. */
type Writing<Answer> = {
  readonly whole: () => Promise<Answer>
  readonly part?: () => Promise<unknown>
  readonly torn?: () => Promise<never>
  readonly overtaken?: Answer
}

type Suffering = {
  readonly shared: SharedReadModels
  readonly process: ScheduledProcess
  readonly what: string
  readonly fault: WriteFault
}

async function suffered<Answer>(
  { shared, process, what, fault }: Suffering,
  { whole, part, torn, overtaken }: Writing<Answer>,
): Promise<Answer> {
  const unheard = async (work: () => Promise<unknown>): Promise<Answer> => {
    shared.isUncertain = true
    await work()
    return unavailable()
  }
  const outcomes: Readonly<Record<WriteFault, () => Promise<Answer>>> = {
    none: whole,
    late: whole,
    refused: unavailable,
    overtaken: async () => overtaken ?? unavailable(),
    torn: torn ?? unavailable,
    unanswered: () => unheard(whole),
    partial: () => unheard(part ?? nothing),
    delayed: () =>
      unheard(async () => {
        void process.world.step(`what ${process.name} sent arrives: ${what}`).then(whole)
      }),
  }
  return outcomes[fault]()
}

async function nothing(): Promise<void> {}

async function unavailable(): Promise<never> {
  throw new ReadModelsUnavailable('not reached, or not heard of')
}

function named({ model, ledgerId, expected, checkpoint }: ModelChange): string {
  const parked = checkpoint.parked === undefined ? '' : ' (parked)'
  return `${model.name} of ${ledgerId} from ${expected} to ${checkpoint.revision}${parked}`
}
