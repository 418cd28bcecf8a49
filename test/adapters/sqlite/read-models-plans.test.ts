import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explainFind } from '#adapters/sqlite/read-models-explain.ts'
import { openSqliteReadModelWriter } from '#adapters/sqlite/read-models-writer.ts'
import type { Find, ReadModelShape } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import { commands } from '#projections/commands.ts'
import { tasks } from '#test/contracts/read-models-examples.ts'
import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'

describe('the plan of a find', () => {
  let file: Awaited<ReturnType<typeof aReadModelFile>>
  beforeAll(async () => {
    file = await aReadModelFile()
    await using writer = await openSqliteReadModelWriter({ path: file.path })
    for (const model of [tasks, ...allProjections]) await writer.prepare(model)
  })
  afterAll(() => file[Symbol.asyncDispose]())

  const plan = (find: Partial<Find>, across = false) => {
    const whole = { where: [], orderBy: [], limit: 50, ...find }
    return explainFind(file.path, { model: tasks, find: whole, across })
  }
  it('searches by the fixed fields and goes on in their order', () => {
    const where = [
      { field: 'owner', is: 'ann' },
      { field: 'status', is: 'open' },
    ]
    expect(searches(plan({ where, orderBy: ['number'] }))).toEqual([
      'by_ledger_status_owner_number_id (ledger=? AND f_status=? AND f_owner=?)',
    ])
  })

  it('searches by the ledger alone where nothing is asked', () => {
    expect(searches(plan({}))).toEqual(['by_ledger_id (ledger=?)'])
    expect(searches(plan({ orderBy: ['due', 'number'] }))).toEqual([
      'by_ledger_due_number_id (ledger=?)',
    ])
  })

  it.each([
    [{ from: '3' }, 'f_number>?'],
    [{ upTo: '3' }, 'f_number<?'],
    [{ from: '3', before: '9' }, 'f_number>? AND f_number<?'],
  ])('searches by the bounds of the order: %o', (bounds, expected) => {
    const where = [
      { field: 'owner', is: 'ann' },
      { field: 'number', ...bounds },
    ]
    expect(searches(plan({ where, orderBy: ['number'] }))).toEqual([
      `by_ledger_owner_number_id (ledger=? AND f_owner=? AND ${expected})`,
    ])
  })

  it('starts a page where the last one ended, not where the range begins', () => {
    const where = [{ field: 'number', from: '1', before: '9' }]
    const find = { where, orderBy: ['number'], after: ['3', 'a'] }
    expect(searches(plan(find))).toEqual([
      'by_ledger_number_id (ledger=? AND (f_number,id)>(?,?) AND f_number<?)',
    ])
    expect(searches(plan({ ...find, descending: true }))).toEqual([
      'by_ledger_number_id (ledger=? AND f_number>? AND (f_number,id)<(?,?))',
    ])
  })

  it('merges one search for each of several values', () => {
    const where = [
      { field: 'status', oneOf: ['open', 'done'] },
      { field: 'owner', oneOf: ['ann', 'bob'] },
    ]
    const steps = plan({ where, orderBy: ['number'], after: ['3', 'a'], descending: true })
    expect(searches(steps)).toHaveLength(4)
    expect(new Set(searches(steps))).toEqual(
      new Set([
        'by_ledger_status_owner_number_id (ledger=? AND f_status=? AND f_owner=? AND (f_number,id)<(?,?))',
      ]),
    )
    expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([])
  })

  it('goes through an index across ledgers', () => {
    const where = [
      { field: 'status', is: 'open' },
      { field: 'due', upTo: '2026-01-01' },
    ]
    expect(searches(plan({ where, orderBy: ['due'] }, true))).toEqual([
      'by_status_due_id_ledger (f_status=? AND f_due<?)',
    ])
  })

  it('compares the rest by document where a field is fixed', () => {
    const where = [
      { field: 'owner', is: 'ann' },
      { field: 'label', prefix: 'a' },
    ]
    expect(searches(plan({ where, orderBy: ['number'] }))).toEqual([
      'by_ledger_owner_number_id (ledger=? AND f_owner=?)',
    ])
  })

  it.each([
    ['no index has the field', { where: [{ field: 'label', is: 'a' }], orderBy: ['number'] }],
    ['no index has the order', { orderBy: ['number', 'due'] }],
    ['the range is not that of the order', { where: [{ field: 'due', from: '2' }] }],
    ['no index spans the ledgers', { orderBy: ['number'] }, true],
  ])('is refused by name where %s', (_case, find, across = false) => {
    expect(() => plan(find, across)).toThrow(/^no index of tasks v1 serves a find where \(.*\)/)
  })

  it('searches by a selective field and the ledger, in the order of the rest', () => {
    const where = [{ field: 'correlationId', is: 'c' }]
    const find = { where, orderBy: ['revision'], limit: 5 }
    const steps = explainFind(file.path, { model: commands, find })
    expect(steps).toContainEqual(
      expect.stringMatching(
        /by_correlationId_ledger_revision \(f_correlationId=\? AND ledger=\?\)/,
      ),
    )
  })

  it('never scans and never sorts, for any index that a projection declares', () => {
    const steps = allProjections.flatMap((model) => {
      const orders = model.indexes.map((fields) => ({ fields, across: false }))
      for (const fields of model.acrossLedgers ?? []) orders.push({ fields, across: true })
      return orders.flatMap(({ fields, across }) =>
        finds(model, fields).flatMap((find) => explainFind(file.path, { model, find, across })),
      )
    })
    expect(steps.length).toBeGreaterThan(100)
    expect(steps.filter((step) => /TEMP B-TREE|AUTOMATIC/.test(step))).toEqual([])
    expect(steps.filter((step) => /^SCAN (?!.* USING (COVERING )?INDEX)/.test(step))).toEqual([])
  })
})

/** How each search of the tasks goes: the index and what it searches by. */
function searches(steps: readonly string[]): string[] {
  return steps
    .filter((step) => step.includes('tasks_v1'))
    .map((step) => step.replace(/^.*tasks_v1_/, ''))
}

/** Every way to use an index: its leading fields fixed, the others the order, from either end, anew and further on; through one by a sparse or selective field, only with its value. */
function finds({ sparse = [], selective = [] }: ReadModelShape, fields: readonly string[]): Find[] {
  const least = [...sparse, ...selective].some((field) => field === fields[0]) ? 1 : 0
  return fields.slice(least).flatMap((_, index) =>
    [false, true].flatMap((descending) => {
      const count = index + least
      const where = fields.slice(0, count).map((field) => ({ field, is: '1' }))
      const orderBy = fields.slice(count)
      const first: Find = { where, orderBy, descending, limit: 50 }
      return [first, { ...first, after: [...orderBy.map(() => '1'), '1'] }]
    }),
  )
}
