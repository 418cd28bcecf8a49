import { describe, expect, it } from 'vitest'
import { csvRecords } from '#cli/import/csv-records.ts'
import { csvRows } from '#cli/import/csv-rows.ts'

async function* inPieces(text: string | Buffer, size = 3): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const fieldsOf = async (text: string) =>
  (await Array.fromAsync(csvRecords(inPieces(text)))).map(({ fields }) => fields)

describe('CSV (RFC 4180)', () => {
  it.each([
    [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['"a ""quoted"" word","b,c"\n', [['a "quoted" word', 'b,c']]],
    ['"two\r\nlines",x\n', [['two\r\nlines', 'x']]],
    [
      ',\n\n\r\n"",""\n',
      [
        ['', ''],
        ['', ''],
      ],
    ],
    ['""\n', [['']]],
    ['\u{FEFF}a,é,🦀\n', [['a', 'é', '🦀']]],
    ['', []],
  ])('reads %j', async (text, records) => {
    expect(await fieldsOf(text)).toEqual(records)
  })

  it('counts lines, also within quotes', async () => {
    const records = await Array.fromAsync(csvRecords(inPieces('a\n"b\nb"\n\nc')))
    expect(records.map(({ line }) => line)).toEqual([1, 2, 5])
  })

  it.each([
    ['"a"b,c\n', 'something follows a closing quote'],
    ['a"b,c\n', 'a quote stands within a field that does not begin with one'],
    ['"a\n', 'a quote is never closed'],
  ])('says what is wrong with %j', async (text, reason) => {
    const [record] = await Array.fromAsync(csvRecords(inPieces(text)))
    expect(record?.malformed).toBe(reason)
  })

  it('is refused where it is not UTF-8', async () => {
    const latin1 = Buffer.from('a\ncafé\n', 'latin1')
    await expect(Array.fromAsync(csvRecords(inPieces(latin1)))).rejects.toThrow('not valid UTF-8')
  })
})

describe('rows of CSV', () => {
  const header =
    'ledgerId,transaction,debit,credit,asset,amount,decimalAmount,effectiveAt,metadata.shop\n'

  it('make one transaction of consecutive rows with one label', async () => {
    const rows = await rowsOf(
      `${header}acme,T1,bank,sales,EUR/2,100,,2025-01-31,web\n,T1,bank,vat,EUR/2,,0.23,,\n`,
      'acme,T2,bank,sales,EUR/2,5,,,\nother,T2,bank,vat,EUR/2,1,,,\n',
    )
    const posting = { debit: 'bank', credit: 'sales', asset: 'EUR/2' }
    const command = 'PostTransaction'
    expect(rows).toEqual([
      {
        line: 2,
        item: {
          command,
          ledgerId: 'acme',
          postings: [
            { ...posting, amount: '100' },
            { ...posting, credit: 'vat', amount: '23' },
          ],
          effectiveAt: '2025-01-31T00:00:00Z',
          metadata: { shop: 'web' },
        },
      },
      { line: 4, item: { command, ledgerId: 'acme', postings: [{ ...posting, amount: '5' }] } },
      {
        line: 5,
        item: {
          command,
          ledgerId: 'other',
          postings: [{ ...posting, credit: 'vat', amount: '1' }],
        },
      },
    ])
  })

  it('make one hold of consecutive rows with one external reference', async () => {
    const rows = await rowsOf(
      'command,ledgerId,debit,credit,asset,amount,externalReference,expiresAt\n',
      'PlaceHold,acme,a,b,EUR/2,1,ref-1,2030-01-01\n,,a,c,EUR/2,2,ref-1,\n',
    )
    expect(rows).toMatchObject([
      {
        item: {
          command: 'PlaceHold',
          externalReference: 'ref-1',
          expiresAt: '2030-01-01T00:00:00Z',
          postings: [{ credit: 'b' }, { credit: 'c' }],
        },
      },
    ])
  })

  it('turn decimals into smallest units exactly, or are malformed', async () => {
    const cells = ['12.5', '0.01', '007', '1.230', '1.234', '1e2', '-1', '.5']
    const rows = await rowsOf(header, ...cells.map((cell) => `acme,,bank,sales,EUR/2,,${cell},,\n`))
    const amounts = rows.map((row) => ('item' in row ? JSON.stringify(row.item) : row.malformed))
    expect(amounts.map((text) => /"amount":"(\d+)"/.exec(text)?.[1])).toEqual([
      '1250',
      '1',
      '700',
      '123',
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(amounts[4]).toBe('decimalAmount 1.234 is no exact amount of EUR/2')
  })

  it('are malformed where a later row contradicts the first', async () => {
    const rows = await rowsOf(
      `${header}acme,T1,bank,sales,EUR/2,100,,2025-01-31,\nacme,T1,bank,vat,EUR/2,1,,2025-02-01,\n`,
    )
    expect(rows).toEqual([
      {
        line: 2,
        malformed: 'effectiveAt in line 3 differs from the first row of the same transaction',
        asRead: expect.anything(),
      },
    ])
  })

  it.each([
    ['first', 2, 3],
    ['middle', 3, 2],
    ['last', 4, 2],
  ])('make no transaction of the rest where the %s one is malformed', async (_, broken, at) => {
    const rows = [2, 3, 4].map((line) =>
      line === broken ? 'acme,T1,bank\n' : `acme,T1,bank,sales,EUR/2,${line},,,\n`,
    )
    expect(await rowsOf(header, ...rows, 'acme,T2,bank,sales,EUR/2,7,,,\n')).toEqual([
      expect.objectContaining({ line: broken, malformed: 'the row has 3 fields, the header 9' }),
      expect.objectContaining({
        line: at,
        malformed: `line ${broken} belongs to the same transaction and is malformed`,
      }),
      { line: 5, item: expect.objectContaining({ command: 'PostTransaction' }) },
    ])
  })

  it('make no transaction of what a quote left over that is never closed', async () => {
    const rows = [
      'acme,T0,bank,sales,EUR/2,1,,,web\n',
      'acme,T1,bank,sales,EUR/2,2,,,"web\n',
      'acme,T2,bank,sales,EUR/2,3,,,web\n',
      'acme,T2,bank,vat,EUR/2,4,,,"web\n',
      'acme,T2,bank,rest,EUR/2,5,,,web\n',
      'acme,T3,bank,sales,EUR/2,6,,,web\n',
    ]
    expect(await rowsOf(header, ...rows)).toMatchObject([
      { line: 3, malformed: 'something follows a closing quote' },
      { line: 2, item: expect.anything() },
      { line: 6, malformed: 'line 3 belongs to the same transaction and is malformed' },
      { line: 7, item: expect.anything() },
    ])
  })

  it('open ledgers and accounts and register assets', async () => {
    const rows = await rowsOf(
      'command,ledgerId,name,assets,accountId,type,min,max,asset\n',
      'OpenLedger,acme,Acme,EUR/2 JPY/0,,,,,\nOpenAccount,acme,,,bank,asset,none,500,\n',
      'RegisterAsset,acme,Dollar,,,,,,USD/2\nCloseAccount,acme,,,bank,,,,\nOpenAccount,acme,,,x,asset,,,EUR/2\n',
    )
    expect(rows).toMatchObject([
      {
        line: 2,
        item: {
          command: 'OpenLedger',
          ledgerId: 'acme',
          name: 'Acme',
          assets: [{ asset: 'EUR/2' }, { asset: 'JPY/0' }],
        },
      },
      {
        line: 3,
        item: {
          command: 'OpenAccount',
          ledgerId: 'acme',
          accountId: 'bank',
          type: 'asset',
          limits: { min: null, max: '500' },
        },
      },
      {
        line: 4,
        item: { command: 'RegisterAsset', ledgerId: 'acme', asset: 'USD/2', name: 'Dollar' },
      },
      { line: 5, malformed: "a CSV row can't say CloseAccount: use NDJSON" },
      { line: 6, malformed: 'the column asset means nothing to OpenAccount' },
    ])
  })

  it('need a header that is understood', async () => {
    await expect(rowsOf('ledger,amount\n')).rejects.toThrow(
      'the header has a column "ledger" that is not known: is ledgerId meant?',
    )
    await expect(rowsOf('amount,amount\n')).rejects.toThrow('the column amount is there twice')
  })

  it('have as many fields as the header', async () => {
    expect(await rowsOf('debit,credit\n', 'a\n')).toMatchObject([
      { line: 2, malformed: 'the row has 1 fields, the header 2' },
    ])
  })
})

function rowsOf(...parts: readonly string[]) {
  return Array.fromAsync(csvRows(inPieces(parts.join(''), 7)))
}
