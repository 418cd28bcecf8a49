import { deposit, openBooks, untilVisible } from '#bench/books.ts'
import { inTurn, load, rate } from '#bench/clients.ts'
import { startDaybook } from '#bench/daybook.ts'
import { type Figure, judged } from '#bench/figure.ts'
import { startServer } from '#bench/processes.ts'
import type { Settings } from '#bench/settings.ts'

const connections = 64
const warmUpSeconds = 2
const pageLines = 50
const deposits = 4 * pageLines
const account = '/v1/ledgers/bench/accounts/users:alice'

const reads = [
  { name: 'reads-balances', what: 'GET …/balances', path: `${account}/balances` },
  {
    name: 'reads-entries',
    what: `GET …/entries, a page of ${pageLines} lines`,
    path: `${account}/entries?limit=${pageLines}`,
  },
] as const

/** Answers from the read models, beside Express answering the same bytes from memory. */
export async function measure({ seconds, rounds }: Settings): Promise<readonly Figure[]> {
  await using daybook = await startDaybook()
  await openBooks(daybook)
  let revision = ''
  for (let index = 0; index < deposits; index += 1)
    revision = await deposit(daybook, `read-${index}`)
  await untilVisible(daybook, revision)
  const figures: Figure[] = []
  for (const { name, what, path } of reads) {
    const answer = await textOf(`${daybook.url}${path}`)
    await using bareExpress = await startServer('bench/bare-express.ts', [answer])
    const asking = { request: 'get', path } as const
    for (const server of [bareExpress, daybook])
      await load(server, { asking, connections, seconds: warmUpSeconds })
    const [bare, own] = await inTurn(
      rounds,
      () => load(bareExpress, { asking, connections, seconds }),
      () => load(daybook, { asking, connections, seconds }),
    )
    figures.push(
      judged({
        name,
        what: `${what}, ${connections} connections`,
        value: rate(own),
        unit: 'requests/s',
        limit: {
          what: `bare Express answering the same ${Buffer.byteLength(answer)} bytes`,
          value: rate(bare),
        },
        target: { of: 'ratio', atLeast: 0.4 },
      }),
    )
  }
  return figures
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}
