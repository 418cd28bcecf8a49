import { openAccounts, openBooks } from '#bench/books.ts'
import { inTurn, load, rate } from '#bench/clients.ts'
import { startDaybook } from '#bench/daybook.ts'
import { type Figure, judged, type Target } from '#bench/figure.ts'
import type { Spread } from '#bench/load/requests.ts'
import type { Server } from '#bench/processes.ts'
import { type Settings, warmUpSeconds } from '#bench/settings.ts'

const accountsMax = 100_000
const ledgers = 100
const connections = 64

/** Within 20 % of each other, whichever is the quicker. */
const alike: Target = { of: 'ratio', atLeast: 0.8, atMost: 1.25 }

/** The same transactions between two accounts or between many, in one ledger or in many. */
export async function measure(settings: Settings): Promise<readonly Figure[]> {
  return [await overAccounts(settings), await overLedgers(settings)]
}

async function overAccounts(settings: Settings): Promise<Figure> {
  const accounts = Math.min(accountsMax, settings.events ?? accountsMax)
  await using daybook = await startDaybook()
  await openBooks(daybook)
  await openAccounts(daybook, accounts)
  const [hot, spread] = await compare(settings, daybook, [{ accounts: 2 }, { accounts }])
  return judged({
    name: 'spread-accounts',
    what: `transactions between two random ones of ${accounts.toLocaleString('en-US')} accounts`,
    value: spread,
    unit: 'requests/s',
    limit: { what: 'all between the same two accounts', value: hot },
    target: alike,
  })
}

async function overLedgers(settings: Settings): Promise<Figure> {
  await using daybook = await startDaybook()
  for (let index = 0; index < ledgers; index += 1)
    await openBooks(daybook, `bench-${index.toString().padStart(3, '0')}`)
  const [hot, spread] = await compare(settings, daybook, [{ ledgers: 1 }, { ledgers }])
  return judged({
    name: 'spread-ledgers',
    what: `transactions in a random one of ${ledgers} ledgers`,
    value: spread,
    unit: 'requests/s',
    limit: { what: 'all in one ledger', value: hot },
    target: alike,
  })
}

async function compare(
  { seconds, rounds }: Settings,
  server: Server,
  [hot, spread]: readonly [Spread, Spread],
): Promise<readonly [number, number]> {
  const at = (over: Spread, forSeconds: number) => () =>
    load(server, {
      asking: { request: 'transaction', ...over },
      connections,
      seconds: forSeconds,
    })
  await inTurn(1, at(spread, warmUpSeconds), at(hot, warmUpSeconds))
  const [hots, spreads] = await inTurn(rounds, at(hot, seconds), at(spread, seconds))
  return [rate(hots), rate(spreads)]
}
