import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { load, type Loaded, median, rate } from '#bench/clients.ts'
import { type Daybook, startDaybook, temporaryFolder } from '#bench/daybook.ts'
import { type Figure, judged, type Target } from '#bench/figure.ts'
import { fillFolder } from '#bench/filled-log.ts'
import { cpuSeconds } from '#bench/cpu-time.ts'
import { type Settings, warmUpSeconds } from '#bench/settings.ts'

const sizes = [10_000, 100_000, 1_000_000]
const longSizes = [...sizes, 10_000_000]
const connections = 64
const firstTriesMax = 500
/** As `fillFolder` names it. */
const asking = { request: 'transaction', ledger: 'bench-0' } as const

/** Within 20 % of what a command costs in the smallest ledger. */
const flat: Target = { of: 'ratio', atMost: 1.2 }

type Round = { readonly loaded: Loaded; readonly cpuMicroseconds: number | undefined }
type Sized = { readonly size: number; readonly daybook: Daybook; readonly rounds: Round[] }

/** What a command costs in a ledger that has so many events already; the write side alone. */
export async function measure(settings: Settings): Promise<readonly Figure[]> {
  const { events = Infinity, long, rounds, seconds } = settings
  const chosen = (long ? longSizes : sizes).filter((size, index) => index === 0 || size <= events)
  await using opened = new AsyncDisposableStack()
  const folder = opened.use(temporaryFolder())
  const all: Sized[] = []
  for (const size of chosen) {
    const path = join(folder.path, String(size))
    await fillFolder(path, size, 1)
    const daybook = opened.use(await startDaybook({ folder: path, role: 'api' }))
    await answers(daybook)
    await load(daybook, { asking, connections, seconds: warmUpSeconds })
    all.push({ size, daybook, rounds: [] })
  }
  for (let round = 0; round < rounds; round += 1)
    for (const { daybook, rounds: taken } of all) taken.push(await takeRound(daybook, seconds))
  return all.flatMap((sized) => figuresOf(sized, all[0]))
}

/** The books of a ledger without a snapshot are kept first; its commands wait, or are refused, until then. */
async function answers({ url }: Daybook): Promise<void> {
  const ask = async () => {
    const response = await fetch(`${url}/v1/ledgers/${asking.ledger}/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'first' },
      body: '{"postings":[{"debit":"bank:cash","credit":"users:alice","asset":"USD/2","amount":"1"}]}',
    })
    return response.ok
  }
  for (let tries = 0; tries < firstTriesMax; tries += 1) {
    if (await ask().catch(() => false)) return
    await sleep(500)
  }
  throw new Error(`${asking.ledger} takes no command`)
}

async function takeRound(daybook: Daybook, seconds: number): Promise<Round> {
  const before = cpuSeconds(daybook.pid)
  const loaded = await load(daybook, { asking, connections, seconds })
  const after = cpuSeconds(daybook.pid)
  const commands = Object.values(loaded.statuses).reduce((sum, count) => sum + count, 0)
  const used = before === undefined || after === undefined ? undefined : after - before
  return { loaded, cpuMicroseconds: used === undefined ? undefined : (used * 1e6) / commands }
}

function figuresOf(sized: Sized, smallest: Sized | undefined): readonly Figure[] {
  const events = sized.size.toLocaleString('en-US')
  const isSmallest = sized === smallest || smallest === undefined
  const beside = (value: number | undefined) =>
    isSmallest || value === undefined
      ? {}
      : { limit: { what: `at ${smallest.size.toLocaleString('en-US')} events`, value } }
  const cpu = cpuOf(sized)
  const rates = judged({
    name: `flat-rate-${sized.size}`,
    what: `commands of a ledger that begins with ${events} events`,
    value: rateOf(sized),
    unit: 'requests/s',
    ...beside(smallest && rateOf(smallest)),
  })
  if (cpu === undefined) return [rates]
  const costs = judged({
    name: `flat-cpu-${sized.size}`,
    what: `the server's processor time per command, a ledger of ${events} events`,
    value: cpu,
    unit: 'µs',
    ...beside(smallest && cpuOf(smallest)),
    ...(!isSmallest && { target: flat }),
  })
  return [costs, rates]
}

function rateOf({ rounds }: Sized): number {
  return rate(rounds.map(({ loaded }) => loaded))
}

function cpuOf({ rounds }: Sized): number | undefined {
  const known = rounds.flatMap(({ cpuMicroseconds }) => cpuMicroseconds ?? [])
  return known.length === 0 ? undefined : median(known)
}
