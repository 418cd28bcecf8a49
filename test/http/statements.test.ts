import { afterAll, describe, expect, it } from 'vitest'
import { csvRecord, unexecutable } from '#http/csv.ts'
import { allProjections } from '#projections/all-projections.ts'
import { entries } from '#projections/entries.ts'
import { project } from '#test/queries/asking.ts'
import { Books } from '#test/queries/books.ts'
import { projectSkipping } from '#test/queries/skipping.ts'
import { openHarness, problemOf, read } from '#test/support/http-harness.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'

const http = await openHarness()
afterAll(() => http.stop())

const books = new Books()
books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] })
books.do('OpenAccount', { accountId: 'bank', type: 'asset', limits: { min: null } })
books.do('OpenAccount', { accountId: 'alice', type: 'liability', limits: { min: null } })
books.post('bank -> alice 25', { description: '=SUM(A1)' })
books.post('alice -> bank 30', { description: 'rent, "March"\nand more' })
await http.append(books.events)
await http.project(books.events)

const statement = '/v1/ledgers/acme/accounts/alice/statement?asset=USD/2'
const csv = { headers: { accept: 'text/csv' } }

describe('a statement as CSV', () => {
  it('has a header, the opening, a line per entry and the closing', async () => {
    const { status, headers, text } = await read(asText(http.request(statement, csv)))
    expect([status, headers.get('ledger-revision')]).toEqual([200, '4'])
    expect(headers.get('content-type')).toMatch(/^text\/csv; charset=utf-8/)
    expect(JSON.parse(text)).toBe(
      [
        'effectiveAt,recordedAt,transactionId,description,counterparty,debit,credit,balance',
        ',,,opening,,,,0',
        "2026-03-01T12:00:03.000Z,2026-03-01T12:00:03.000Z,3,'=SUM(A1),bank,,25,25",
        '2026-03-01T12:00:04.000Z,2026-03-01T12:00:04.000Z,4,"rent, ""March""\nand more",bank,30,,-5',
        ',,,closing,,,,-5',
        '',
      ].join('\r\n'),
    )
  })

  it('says of which time it is', async () => {
    const span = '&from=2026-03-01T12:00:04Z&to=2026-03-02T00:00:00Z'
    const { text } = await read(asText(http.request(statement + span, csv)))
    const lines = String(JSON.parse(text)).split('\r\n')
    expect(lines[1]).toBe('2026-03-01T12:00:04.000Z,,,opening,,,,25')
    expect(lines.at(-2)).toBe('2026-03-02T00:00:00.000Z,,,closing,,,,-5')
  })

  it('closes with what the account has, and says what has no line since it was skipped', async () => {
    const readModels = openMemoryReadModels()
    const others = allProjections.filter((model) => model !== entries)
    await project(readModels, books.events, others)
    await projectSkipping(readModels, books.events, { model: entries, skipped: [3] })
    await using lacking = await openHarness({ readModels })
    await lacking.append(books.events)
    const { text } = await read(asText(lacking.request(statement, csv)))
    const lines = String(JSON.parse(text)).split('\r\n')
    expect(lines.slice(1, 2)).toEqual([',,,opening,,,,0'])
    expect(lines.slice(-4)).toEqual([
      expect.stringMatching(/,bank,30,,-30$/),
      ',,,lacking,,,,25',
      ',,,closing,,,,-5',
      '',
    ])
  })

  it('comes whole or not at all', async () => {
    expect(await problemOf(http.request(`${statement}&limit=5`, csv))).toBe('400 validation-failed')
    const nobody = statement.replace('alice', 'nobody')
    expect(await problemOf(http.request(nobody, csv))).toBe('404 account-not-found')
  })

  it('is a single answer at one revision however long it is', async () => {
    const long = new Books('long')
    long.do('OpenLedger', { ledgerId: 'long', name: 'Long', assets: [{ asset: 'USD/2' }] })
    long.do('OpenAccount', { accountId: 'bank', type: 'asset', limits: { min: null } })
    long.do('OpenAccount', { accountId: 'alice', type: 'liability' })
    for (let count = 0; count < 2_300; count += 1) long.post('bank -> alice 1')
    await http.append(long.events)
    await http.project(long.events)
    const { text } = await read(asText(http.request(statement.replace('acme', 'long'), csv)))
    const lines = String(JSON.parse(text)).split('\r\n')
    expect(lines).toHaveLength(2_300 + 4)
    expect(lines.at(-2)).toBe(',,,closing,,,,2300')
  })
})

describe('a statement as JSON', () => {
  it('is what comes without asking for CSV', async () => {
    const { body } = await read(http.request(statement))
    expect(body).toMatchObject({ data: { closing: '-5' }, page: { next: null, limit: 10_000 } })
  })
})

describe('a CSV record', () => {
  it.each([
    ['plain fields', ['a', '', 'b c'], 'a,,b c\r\n'],
    ['quotes', ['a"b', '"'], '"a""b",""""\r\n'],
    ['commas and line ends', ['a,b', 'c\nd', 'e\rf'], '"a,b","c\nd","e\rf"\r\n'],
  ])('quotes by RFC 4180: %s', (_name, fields, line) => {
    expect(csvRecord(fields)).toBe(line)
  })

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\n@x'])(
    'keeps a spreadsheet from executing %j',
    (text) => {
      expect(unexecutable(text)).toBe(`'${text}`)
    },
  )

  it.each(['', 'rent', 'a=b', '1-2', "'=1"])('leaves %j as it is', (text) => {
    expect(unexecutable(text)).toBe(text)
  })
})

/** The same answer with its text as a JSON string, which is what `read` reads. */
async function asText(response: Promise<Response>): Promise<Response> {
  const { status, headers, text } = await response.then(async (answer) => ({
    status: answer.status,
    headers: answer.headers,
    text: await answer.text(),
  }))
  return new Response(JSON.stringify(text), { status, headers })
}
