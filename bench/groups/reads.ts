import { deposit, openAccounts, openBooks, passRound, untilVisible } from '#bench/books.ts'
import { inTurn, type Loaded, load, rate } from '#bench/clients.ts'
import { type Daybook, startDaybook } from '#bench/daybook.ts'
import { type Figure, judged } from '#bench/figure.ts'
import { startServer } from '#bench/processes.ts'
import { type Settings, warmUpSeconds } from '#bench/settings.ts'

const connections = 64
const pageLines = 50
const deposits = 4 * pageLines
/** More than answers are kept, so that each has to be made. */
const accounts = 21_000
const accountsWithPages = 1_500
const commandsPerSecond = 500

const balances = '/v1/ledgers/bench/accounts/{account}/balances'
const page = `/v1/ledgers/bench/accounts/{account}/entries?limit=${pageLines}`
const ofAlice = (path: string) => path.replace('{account}', 'users:alice')

type Read = {
  readonly name: string
  readonly what: string
  readonly path: string
  readonly accounts?: number
  readonly commands?: true
}

const aPage = `GET …/entries, a page of ${pageLines} lines`
const another = 'each of another account'
const meanwhile = `with ${commandsPerSecond} commands/s of its account`

const reads: readonly Read[] = [
  { name: 'reads-balances', what: 'GET …/balances', path: ofAlice(balances) },
  { name: 'reads-entries', what: aPage, path: ofAlice(page) },
  { name: 'reads-balances-spread', what: `GET …/balances, ${another}`, path: balances, accounts },
  {
    name: 'reads-entries-spread',
    what: `${aPage}, ${another}`,
    path: page,
    accounts: accountsWithPages,
  },
  {
    name: 'reads-balances-written',
    what: `GET …/balances, ${meanwhile}`,
    path: ofAlice(balances),
    commands: true,
  },
  {
    name: 'reads-entries-written',
    what: `${aPage}, ${meanwhile}`,
    path: ofAlice(page),
    commands: true,
  },
]

/**
 * Answers from the read models, beside Express answering the same bytes from memory: of one account, whose answers are
 * kept; each of another than the ones before, so that all are made; and of one that commands change meanwhile.
 */
export async function measure(settings: Settings): Promise<readonly Figure[]> {
  await using daybook = await startDaybook()
  await fill(daybook)
  const figures: Figure[] = []
  for (const read of reads) figures.push(await measureRead(daybook, read, settings))
  return figures
}

/** Every account has a balance; some, and `users:alice`, have a page of entries. */
async function fill(daybook: Daybook): Promise<void> {
  await openBooks(daybook)
  await openAccounts(daybook, accounts)
  for (let index = 0; index < deposits; index += 1) await deposit(daybook, `read-${index}`)
  await passRound(daybook, accounts, 0)
  let revision = ''
  for (let round = 1; round < pageLines / 2; round += 1)
    revision = await passRound(daybook, accountsWithPages, round)
  await untilVisible(daybook, revision)
}

async function measureRead(
  daybook: Daybook,
  { name, what, path, commands, ...spread }: Read,
  { seconds, rounds }: Settings,
): Promise<Figure> {
  const answer = await textOf(`${daybook.url}${path.replace('{account}', 'users:000000')}`)
  await using bareExpress = await startServer('bench/bare-express.ts', [answer])
  const asking = { request: 'get', path, ...spread } as const
  let from = 0
  // Goes on after the last account, which nobody has asked for lately.
  const reading = async (forSeconds: number) => {
    const shape = { asking: { ...asking, from }, connections, seconds: forSeconds }
    const loaded = await load(daybook, shape)
    from += Object.values(loaded.statuses).reduce((sum, count) => sum + count, 0)
    return loaded
  }
  await load(bareExpress, { asking, connections, seconds: warmUpSeconds })
  await reading(warmUpSeconds)
  const [bare, own] = await inTurn(
    rounds,
    () => load(bareExpress, { asking, connections, seconds }),
    () => (commands === true ? whileWriting(daybook, reading, seconds) : reading(seconds)),
  )
  const isKept = spread.accounts === undefined && commands === undefined
  return judged({
    name,
    what: `${what}, ${connections} connections`,
    value: rate(own),
    unit: 'requests/s',
    limit: {
      what: `bare Express answering the same ${Buffer.byteLength(answer)} bytes`,
      value: rate(bare),
    },
    ...(isKept && { target: { of: 'ratio', atLeast: 0.4 } }),
  })
}

/** Commands begin before the reads and go on until they are over. */
async function whileWriting(
  daybook: Daybook,
  reading: (seconds: number) => Promise<Loaded>,
  seconds: number,
): Promise<Loaded> {
  const writing = load(daybook, {
    asking: { request: 'transaction' },
    connections,
    seconds: seconds + 1,
    perSecond: commandsPerSecond,
  })
  const [read] = await Promise.all([reading(seconds), writing])
  return read
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}
