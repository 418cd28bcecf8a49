import type { RecordedEvent } from '#events/envelope.ts'
import type { ReadModels, ReadModelWriter } from '#ports/read-models.ts'
import { allProjections } from '#projections/all-projections.ts'
import type { Projection } from '#projections/projection.ts'
import { queries } from '#queries/all-queries.ts'
import type { Answer, Moment, Query } from '#queries/query.ts'
import type { Json } from '#values/json.ts'
import { foldStored } from '#test/support/projection-specification.ts'

export type Store = ReadModels & ReadModelWriter

export type QueryName = keyof typeof queries

export type Asked = Readonly<Record<string, string>>

/** Brings read models up to the last of the events, of one ledger from its first on. */
export async function project(
  store: Store,
  events: readonly RecordedEvent[],
  models: readonly Projection[] = allProjections,
): Promise<void> {
  for (const model of models) await projectOne(store, events, model)
}

async function projectOne(
  store: Store,
  events: readonly RecordedEvent[],
  model: Projection,
): Promise<void> {
  const last = events.at(-1)
  if (last === undefined) return
  const { ledgerId, revision, recordedAt } = last
  const before = await store.checkpoint(model, ledgerId)
  const applied = before?.revision ?? -1n
  if (revision <= applied) return
  const documents = [...foldStored(model, events)]
    .map(([id, each]) => ({ id, ...each }))
    .filter((stored) => stored.revision > applied)
  await store.prepare(model)
  const checkpoint = { revision, recordedAt }
  await store.commit([{ model, ledgerId, expected: before?.revision, checkpoint, documents }])
}

/** Puts a question the way the program does: parsed, out of one view, at the smallest revision of its models. */
export async function ask(
  store: ReadModels,
  name: QueryName,
  asked: Asked,
  page: Moment['page'] = { limit: 50 },
): Promise<Answer> {
  const query: Query<unknown> = queries[name]
  const parameters = query.parameters.parse(asked)
  const ledgerId = asked['ledgerId']
  await using view = await store.view(ledgerId)
  if (ledgerId === undefined) return await query.answer({ view, page }, parameters)
  const checkpoints = await Promise.all(query.models.map((model) => view.checkpoint(model)))
  const revision = checkpoints
    .map((checkpoint) => checkpoint?.revision ?? -1n)
    .reduce((least, each) => (each < least ? each : least))
  return await query.answer({ view, ledgerId, revision, page }, parameters)
}

/** The data of an answer that is not refused. */
export async function dataOf(
  store: ReadModels,
  name: QueryName,
  asked: Asked,
  limit = 50,
): Promise<Json> {
  const answer = await ask(store, name, asked, { limit })
  if (answer.kind === 'refused') throw new Error(`${name} is refused: ${answer.detail}`)
  return answer.data
}

/** The code of a refusal. */
export async function refusalOf(
  store: ReadModels,
  name: QueryName,
  asked: Asked,
  page?: Moment['page'],
): Promise<string> {
  const answer = await ask(store, name, asked, page)
  if (answer.kind !== 'refused') throw new Error(`${name} is answered`)
  return answer.code
}

const pagesMax = 1_000

/** All pages of a question, one after the other. `between` runs before every page but the first. */
export async function allPages(
  store: ReadModels,
  [name, asked]: readonly [QueryName, Asked],
  { limit, between = async () => {} }: { limit: number; between?: () => Promise<void> },
): Promise<readonly Json[]> {
  const found: Json[] = []
  for (let after: readonly string[] | undefined; ; ) {
    const answer = await ask(store, name, asked, after === undefined ? { limit } : { limit, after })
    if (answer.kind !== 'page') throw new Error(`${name} is answered by ${JSON.stringify(answer)}`)
    found.push(answer.data)
    if (answer.next === null) return found
    if (found.length === pagesMax) throw new Error(`${name} does not end`)
    after = answer.next
    await between()
  }
}

/** The members of that name of a list of resources. */
export function column(list: Json, member: string): readonly unknown[] {
  return Array.isArray(list) ? list.map((each: unknown) => Reflect.get(Object(each), member)) : []
}
