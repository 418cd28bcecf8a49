import type { Measured } from '#bench/figure.ts'
import { defaultSettings, type Settings } from '#bench/settings.ts'

type Measure = (settings: Settings) => Promise<Measured>

/** Figures that are measured together, under the name by which they are asked for. */
export type Group = {
  readonly name: string
  readonly title: string
  /** One sentence: what is done to measure it. */
  readonly how: string
  /** Measures more where settings are long. */
  readonly longToo?: boolean
  /** Loaded only when it is asked for. */
  readonly load: () => Promise<Measure>
}

const alternating = 'subject and limit in turn, the medians of all rounds'

/** All groups, in the order in which they are measured and reported. */
export const groups: readonly Group[] = [
  {
    name: 'single',
    title: 'Single commands',
    how: `64 clients of one process each post the next transaction when the last is answered, while the same server builds its read models; bare Express parses the same bodies with zod and answers a constant; ${alternating}.`,
    load: async () => (await import('#bench/groups/single.ts')).measure,
  },
  {
    name: 'batches',
    title: 'Batches',
    how: `16 clients post independent batches of 100 transactions; SQLite alone inserts such an event, 100 to a durable commit; ${alternating}.`,
    load: async () => (await import('#bench/groups/batches.ts')).measure,
  },
  {
    name: 'spread',
    title: 'One account or many, one ledger or many',
    how: `64 clients post the same requests, but for the digits in them, to one place or to a random one; ${alternating}.`,
    load: async () => (await import('#bench/groups/spread.ts')).measure,
  },
  {
    name: 'visible',
    title: 'From a command to its balance',
    how: 'Half as many commands a second as `single` reached come in at an even rate; beside them 8 clients post a transaction and, from its answer on, wait until `GET …/balances` shows it.',
    load: async () => (await import('#bench/groups/visible.ts')).measure,
  },
  {
    name: 'reads',
    title: 'Reads',
    how: `64 clients ask for one thing again and again; bare Express answers the same bytes from memory; ${alternating}.`,
    load: async () => (await import('#bench/groups/reads.ts')).measure,
  },
  {
    name: 'as-of',
    title: 'Balances and statements of the past',
    how: 'A client asks what the balance and the statement of an account with many entries were at moments of its past, one after the other.',
    load: async () => (await import('#bench/groups/as-of.ts')).measure,
  },
  {
    name: 'rebuild',
    title: 'Building the read models anew',
    how: 'The program makes all read models of a log of transactions in 64 ledgers; its start is in the time.',
    load: async () => (await import('#bench/groups/rebuild.ts')).measure,
  },
  {
    name: 'start',
    title: 'Start',
    how: 'The program starts on a log of one long ledger and is asked for a transaction at once; the time ends with the answer.',
    load: async () => (await import('#bench/groups/start.ts')).measure,
  },
  {
    name: 'memory',
    title: 'Memory of the books',
    how: '50,000 of each are put into the books of one ledger; what the heap has grown by after a garbage collection, by their number.',
    load: async () => (await import('#bench/groups/memory.ts')).measure,
  },
  {
    name: 'disk',
    title: 'Disk',
    how: 'The size of all files of the data folder, by the number of transactions in 64 ledgers, posted in batches with keys of their own, before a projector has run and after.',
    load: async () => (await import('#bench/groups/disk.ts')).measure,
  },
  {
    name: 'loop',
    title: "The event loop's delay",
    how: "A module preloaded into the server watches its main thread's timers (`monitorEventLoopDelay`, every millisecond, which is in the figures) while 64 clients load it as in `single`.",
    load: async () => (await import('#bench/groups/loop.ts')).measure,
  },
  {
    name: 'flat',
    title: 'The cost of a command as a ledger grows',
    how: 'One ledger of each size, each behind a server of its own that only writes; 64 clients load them in turn, and what the process has had of the processors is read from the system.',
    longToo: true,
    load: async () => (await import('#bench/groups/flat.ts')).measure,
  },
  {
    name: 'processor',
    title: 'What a command takes of the processors',
    how: 'The loads of `single`, `batches` and of `spread` over 100 ledgers, and what each thread had of the processors meanwhile, by the number of commands. Then SQLite alone, in a process of its own, stores the same rows of log and read models as safely, each once, 64 to 500 events to a commit of the log and 200 or 1,000 to one of the read models. _Room_ is what all processors together carry if a command takes nothing but that, what its clients take and, where it comes alone, what bare Express takes; _cores_ what one thread, which answers all, carries if there are processors enough for the others.',
    load: async () => (await import('#bench/groups/processor.ts')).measure,
  },
  {
    name: 'relay',
    title: 'Relay',
    how: 'A relay publishes a log in SQLite to a Kafka on the same machine; bare kafkajs, in a process of its own, sends the same messages as safely, one send at a time.',
    load: async () => (await import('#bench/groups/through-kafka.ts')).measureRelay,
  },
  {
    name: 'projector',
    title: 'Projector',
    how: 'A projector makes all read models from what the relay published; bare kafkajs, in a process of its own, only receives the same messages.',
    load: async () => (await import('#bench/groups/through-kafka.ts')).measureProjector,
  },
  {
    name: 'visible-kafka',
    title: 'From a command to its balance through Kafka',
    how: '8 clients, 20 ms apart, post a transaction and, from its answer on, wait until `GET …/balances` shows it; first with Kafka between log and read models, then without.',
    load: async () => (await import('#bench/groups/through-kafka.ts')).measureVisible,
  },
]

/** What a reader types to have figures again, measured as long and as large; `words` are groups, `--write` or both. */
export function commandOf(
  words: string,
  { seconds, rounds, events, long }: Settings = defaultSettings,
): string {
  const set = [
    ...(seconds === defaultSettings.seconds ? [] : [`BENCH_SECONDS=${seconds}`]),
    ...(rounds === defaultSettings.rounds ? [] : [`BENCH_ROUNDS=${rounds}`]),
    ...(events === undefined ? [] : [`BENCH_EVENTS=${events}`]),
    ...(long ? ['BENCH_LONG=1'] : []),
  ]
  return [...set, `npm run bench -- ${words}`].join(' ')
}
