import { describe, expect, it } from 'vitest'
import { csvRows } from '#cli/import/csv-rows.ts'

async function* chunksOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}

const header = 'command,ledgerId,transaction,debit,credit,asset,amount,externalReference\n'

const rowsOf = (rows: string, ledgerOfAll?: string) =>
  Array.fromAsync(csvRows(chunksOf(header + rows), ledgerOfAll))

describe('consecutive rows of one transaction', () => {
  it.each([
    ['PostTransaction', 'PlaceHold'],
    ['PlaceHold', 'PostTransaction'],
    ['', 'PlaceHold'],
    ['', 'OpenAccount'],
  ])('are malformed together where %j is followed by %j', async (first, second) => {
    const rows = `${first},acme,T1,a,b,EUR/2,1,\n${second},acme,T1,a,c,EUR/2,2,\n,acme,T2,a,b,EUR/2,3,\n`
    expect(await rowsOf(rows)).toMatchObject([
      {
        line: 2,
        malformed: 'command in line 3 differs from the first row of the same transaction',
        asRead: [{ credit: 'b' }, { command: second, credit: 'c' }],
      },
      { line: 4, item: { command: 'PostTransaction', postings: [{ amount: '3' }] } },
    ])
  })

  it('are malformed together where only their external reference joins them, too', async () => {
    const rows = 'PlaceHold,acme,,a,b,EUR/2,1,R1\nPostTransaction,acme,,a,c,EUR/2,2,R1\n'
    expect(await rowsOf(rows)).toMatchObject([
      { line: 2, malformed: expect.stringMatching(/^command in line 3 differs/) },
    ])
  })

  it.each([
    ['PlaceHold', '', 'PlaceHold'],
    ['PostTransaction', '', 'PostTransaction'],
    ['', 'PostTransaction', 'PostTransaction'],
  ])('are one command where %j is followed by %j', async (first, second, command) => {
    const rows = `${first},acme,T1,a,b,EUR/2,1,\n${second},acme,T1,a,c,EUR/2,2,\n`
    expect(await rowsOf(rows)).toMatchObject([
      { line: 2, item: { command, postings: [{ credit: 'b' }, { credit: 'c' }] } },
    ])
  })

  it('are of one ledger, also where only some of them name it', async () => {
    const rows = ',,T1,a,b,EUR/2,1,\n,acme,T1,a,c,EUR/2,2,\n,other,T1,a,b,EUR/2,3,\n'
    expect(await rowsOf(rows, 'acme')).toMatchObject([
      { line: 2, item: { postings: [{ amount: '1' }, { amount: '2' }] } },
      { line: 4, item: { ledgerId: 'other', postings: [{ amount: '3' }] } },
    ])
  })
})

describe('a column of metadata with a name that no member may have', () => {
  it.each(['__proto__', 'constructor', 'prototype'])('is malformed: %s', async (name) => {
    const text = `debit,credit,asset,amount,metadata.${name}\na,b,EUR/2,1,x\na,b,EUR/2,2,\n`
    expect(await Array.fromAsync(csvRows(chunksOf(text)))).toEqual([
      {
        line: 2,
        malformed: `metadata.${name} in line 2 has a name that is refused`,
        asRead: { debit: 'a', credit: 'b', asset: 'EUR/2', amount: '1', [`metadata.${name}`]: 'x' },
      },
      { line: 3, item: expect.objectContaining({ command: 'PostTransaction' }) },
    ])
  })
})

it('a decimal amount needs an asset', async () => {
  const rows = await Array.fromAsync(
    csvRows(chunksOf('debit,credit,asset,decimalAmount\na,b,,1\n')),
  )
  expect(rows).toMatchObject([{ malformed: 'decimalAmount 1 is given without an asset' }])
})
