import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { daybook, deposit, ndjson, openingRows } from '#test/cli/daybook.ts'
import { temporaryFolder } from '#test/support/program.ts'

const unknown = deposit('1', { description: 'é', postings: [posting({ credit: 'nobody' })] })

describe('a file of rejected rows', () => {
  it('has what stood in lines of NDJSON, to the last digit', async () => {
    await using folder = await temporaryFolder()
    const exact = JSON.stringify(deposit('1')).replace('"1"', '12345678901234567890.10')
    const lines = ['{"a":', '{"constructor":"é"}', exact, JSON.stringify(unknown), '[7.0]']
    const text = await rejectedIn(folder.path, 'rows.ndjson', `${lines.join('\r\n')}\r\n`)
    expect(rowsByLine(text)).toMatchObject({
      1: '{"a":',
      2: '{"constructor":"é"}',
      4: unknown,
    })
    expect(text).toContain(`,"row":${exact} }\n`)
    expect(text).toContain(',"row":[7.0] }\n')
    expect(text).not.toContain('\r')
  })

  it('has the beginning of a line that is too long', async () => {
    await using folder = await temporaryFolder()
    const long = `"${'é'.repeat(200_000)}"`
    const text = await rejectedIn(folder.path, 'rows.ndjson', `${long}\nx\n`)
    expect(rowsByLine(text)).toEqual({ 1: `"${'é'.repeat(511)}`, 2: 'x' })
  })

  it('has the cells of CSV rows that make no command, else the command', async () => {
    await using folder = await temporaryFolder()
    const rows = [
      'transaction,debit,credit,asset,amount,decimalAmount,name,metadata.shop',
      ',bank,equity,EUR/2,,0.001,,web',
      ',bank,equity,EUR/2',
      'T1,bank,equity,EUR/2,1,,,web',
      'T1,bank,equity,EUR/2,2,,,mail',
      ',bank,equity,EUR/2,3,,Anna,',
      ',bank,nobody,EUR/2,4,,,',
    ]
    const text = await rejectedIn(folder.path, 'rows.csv', rows.join('\n'))
    const common = { debit: 'bank', credit: 'equity', asset: 'EUR/2' }
    expect(rowsByLine(text)).toEqual({
      2: { ...common, decimalAmount: '0.001', 'metadata.shop': 'web' },
      3: ['', 'bank', 'equity', 'EUR/2'],
      4: [
        { transaction: 'T1', ...common, amount: '1', 'metadata.shop': 'web' },
        { transaction: 'T1', ...common, amount: '2', 'metadata.shop': 'mail' },
      ],
      6: { ...common, amount: '3', name: 'Anna' },
      7: {
        command: 'PostTransaction',
        postings: [posting({ credit: 'nobody', amount: '4' })],
      },
    })
  })

  it('says which refusals an earlier run had recorded', async () => {
    await using folder = await temporaryFolder()
    const replayed = async () => {
      const text = await rejectedIn(folder.path, 'rows.ndjson', ndjson([unknown]))
      return objectsIn(text).map((object) => object['replayed'])
    }
    expect(await replayed()).toEqual([undefined])
    expect(await replayed()).toEqual([true])
  })
})

function posting(given: { credit: string; amount?: string }) {
  return { debit: 'bank', asset: 'EUR/2', amount: '1', ...given }
}

/** What an import of the file into the ledger `acme` writes as rejected. */
async function rejectedIn(folder: string, name: string, text: string): Promise<string> {
  await daybook(['import', '-'], { folder, input: ndjson(openingRows) })
  await writeFile(join(folder, name), text)
  const ran = await daybook(['import', name, '--ledger', 'acme', '--rejects', 'rejects'], {
    folder,
  })
  expect(ran.code).toBe(1)
  return await readFile(join(folder, 'rejects'), 'utf8')
}

function objectsIn(text: string): Record<string, unknown>[] {
  const lines = text.trimEnd().split('\n')
  return lines.map((line): Record<string, unknown> => JSON.parse(line))
}

function rowsByLine(text: string): Record<string, unknown> {
  return Object.fromEntries(objectsIn(text).map(({ line, row }) => [line, row]))
}
