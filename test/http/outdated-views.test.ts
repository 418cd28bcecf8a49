import { expect, it } from 'vitest'
import { Books } from '#test/queries/books.ts'
import { openHarness, problemOf, read } from '#test/support/http-harness.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'
import { passingViews, times } from '#test/support/passing-views.ts'
import { project } from '#test/queries/asking.ts'

/** Over read models whose views pass that often. */
async function harness(passes: () => boolean) {
  const models = openMemoryReadModels()
  const http = await openHarness({ readModels: passingViews(models, passes) })
  const books = new Books()
  books.do('OpenLedger', { ledgerId: 'acme', name: 'Acme', assets: [{ asset: 'USD/2' }] })
  books.do('OpenAccount', { accountId: 'bank', type: 'asset' })
  await http.append(books.events)
  await project(models, books.events)
  return http
}

it.each(['/v1/ledgers/acme/accounts/bank', '/v1/ledgers'])(
  'asks again where the read models moved on meanwhile: %s',
  async (path) => {
    await using http = await harness(times(3))
    expect((await read(http.request(path))).status).toBe(200)
  },
)

it.each(['/v1/ledgers/acme/accounts/bank', '/v1/ledgers'])(
  'says that the read models cannot be read where they do so each time: %s',
  async (path) => {
    await using http = await harness(() => true)
    const answer = await http.request(path)
    expect(answer.headers.get('retry-after')).not.toBeNull()
    expect(await problemOf(answer)).toMatch(/^503 /)
    await http.request(path)
    const error = expect.objectContaining({ message: expect.stringContaining('faster than') })
    const message = 'the read models cannot be read now'
    expect(http.lines).toEqual([{ level: 'warn', fields: { error }, message }])
  },
)
