import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { daybook } from '#test/cli/daybook.ts'
import { type Program, startProgram, temporaryFolder } from '#test/support/program.ts'

// Balances that hledger computed from the same transactions: see examples/journal/README.md.
const journal = join(import.meta.dirname, '../../examples/journal')
const days = ['2025-03-31', '2025-06-30', '2025-09-30', '2025-12-31']

const trialBalance = z.object({
  assets: z.array(
    z.object({
      asset: z.string(),
      accounts: z.array(
        z.object({ accountId: z.string(), debits: z.string(), credits: z.string() }),
      ),
    }),
  ),
})
const event = z.object({
  revision: z.string(),
  data: z.object({ effectiveAt: z.string() }),
})

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let program: Program
beforeAll(async () => {
  folder = await temporaryFolder()
  const { stdout, stderr } = await daybook(['import', join(journal, 'kestrel.csv')], {
    folder: folder.path,
  })
  expect([stdout, stderr]).toEqual(['accepted 825, replayed 0, refused 0, malformed 0\n', ''])
  program = await startProgram(folder.path)
})
afterAll(async () => {
  await program[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

describe('a year of a small business, imported from CSV', () => {
  it('has the balances of hledger at the end, folded from the log', async () => {
    expect(balancesIn(await replayed())).toEqual(expected('2025-12-31'))
  })

  it.each(days)(
    'has the balances of hledger on %s, folded up to its last transaction',
    async (day) => {
      expect(balancesIn(await replayed('--revision', await lastRevisionOf(day)))).toEqual(
        expected(day),
      )
    },
  )

  it.each(days)(
    'has the balances of hledger on %s, asked of the API by business time',
    async (day) => {
      const url = `${program.url}/v1/ledgers/kestrel/trial-balance?limit=1000&effectiveAt=${day}T23:59:59Z`
      const response = await fetch(url, { headers: { 'Min-Revision': '824' } })
      const { data } = z.object({ data: trialBalance }).parse(await response.json())
      expect(balancesIn(data)).toEqual(expected(day))
    },
  )

  it('is right by the audit', async () => {
    const { code, stdout } = await daybook(['verify-books'], { folder: folder.path })
    expect([code, stdout]).toEqual([0, expect.stringContaining('events 825,')])
  })

  it('is there already when it is imported again', async () => {
    const again = await daybook(['import', join(journal, 'kestrel.csv')], { folder: folder.path })
    expect(again.stdout).toBe('accepted 0, replayed 825, refused 0, malformed 0\n')
  })
})

type Balances = Readonly<Record<string, string>>

/** Per account and currency, debits minus credits; those at zero are left out. */
function balancesIn({ assets }: z.infer<typeof trialBalance>): Balances {
  return Object.fromEntries(
    assets.flatMap(({ asset, accounts }) =>
      accounts
        .map(({ accountId, debits, credits }) => ({
          accountId,
          net: BigInt(debits) - BigInt(credits),
        }))
        .filter(({ net }) => net !== 0n)
        .map(({ accountId, net }) => [`${accountId} ${asset.split('/')[0]}`, net.toString()]),
    ),
  )
}

/** What hledger said, in smallest units. */
function expected(day: string): Balances {
  const [, ...lines] = readFileSync(join(journal, 'expected', `${day}.csv`), 'utf8')
    .trim()
    .split('\n')
  return Object.fromEntries(
    lines.map((line) => {
      const [account, currency, balance = ''] = line.split(',').map((cell) => cell.slice(1, -1))
      return [`${account} ${currency}`, BigInt(balance.replace('.', '')).toString()]
    }),
  )
}

async function replayed(...options: readonly string[]) {
  const { stdout } = await daybook(
    ['replay', '--ledger', 'kestrel', '--format', 'json', ...options],
    { folder: folder.path },
  )
  const books = z.object({ trialBalance: trialBalance.shape.assets }).parse(JSON.parse(stdout))
  return { assets: books.trialBalance }
}

/** The file is in order of days. */
async function lastRevisionOf(day: string): Promise<string> {
  const given = ['export', '--ledger', 'kestrel', '--types', 'TransactionPosted']
  const { stdout } = await daybook(given, { folder: folder.path })
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => event.parse(JSON.parse(line)))
  const upTo = events.filter(({ data }) => data.effectiveAt.slice(0, 10) <= day)
  return upTo.at(-1)?.revision ?? ''
}
