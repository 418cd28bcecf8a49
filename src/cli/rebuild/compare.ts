import { setTimeout as sleep } from 'node:timers/promises'
import { checkpointIn } from '#cli/checkpoint-in.ts'
import { type CompareIds, endOf, findPage, type IdPage, orderOfIds } from '#cli/id-pages.ts'
import { type Overlay, overlayOf } from '#cli/rebuild/overlay.ts'
import { type Comparison, type Compared as OnPage, Sums, type Text } from '#cli/rebuild/sums.ts'
import { unreadSentence } from '#cli/unread.ts'
import type { EventStore } from '#ports/event-store.ts'
import {
  type ReadModels,
  ReadViewOutdated,
  type ReadView,
  type StoredDocument,
} from '#ports/read-models.ts'
import type { Skips } from '#projections/runtime/act-log.ts'
import type { LiveModel } from '#projections/runtime/live-models.ts'
import { canonicalJson } from '#values/canonical-json.ts'
import type { LedgerId } from '#values/ids.ts'

/** One of the two builds that are compared, and the read models that have it. */
export type Side = { readonly readModels: ReadModels; readonly model: LiveModel }

export type Compared = {
  readonly store: Pick<EventStore, 'readStream'>
  readonly skips: Skips
  readonly live: Side
  readonly built: Side
  /** Brings what was built up to the log. */
  readonly follow?: () => Promise<void>
}

const pageSize = 500

/** What is folded on is folded for every page anew: the more documents that makes, the more of them go on a page. */
const pageSizeMax = 20_000

/** Events of one ledger that what was built may lack before it follows. */
const lackingMax = 2_000n

const viewTries = 20

/**
 * Compares two builds of one version document by document, a page at a time, each page at one and the same revision
 * though both may move on: the one that is behind there is folded on in memory. A ledger of which some page can't be read
 * in any view is left there, and told of.
 */
export async function compareBuilds(
  compared: Compared,
  seen: (documents: number) => void = () => {},
): Promise<Comparison> {
  const { live, built } = compared
  const ledgers = new Set([
    ...(await live.readModels.checkpoints(live.model)).keys(),
    ...(await built.readModels.checkpoints(built.model)).keys(),
    ...(await live.readModels.ledgers(live.model)),
  ])
  const sums = new Sums()
  for (const ledgerId of [...ledgers].toSorted()) {
    let after: string | undefined
    let limit = pageSize
    do {
      const page = await pageAfter(compared, { ledgerId, after, limit })
      if ('unread' in page) {
        sums.leave(ledgerId, page.unread)
        break
      }
      sums.add(ledgerId, page)
      seen(sums.documents)
      after = page.last
      limit = Math.min(Math.max(pageSize, page.foldedOn), pageSizeMax)
      if (page.builtLacks > lackingMax) await compared.follow?.()
    } while (after !== undefined)
  }
  return sums.result()
}

/** The documents of both after an id, up to `last`; undefined: to the end. */
type Page = OnPage & {
  readonly last: string | undefined
  /** Documents that one side had to be folded on to. */
  readonly foldedOn: number
  readonly builtLacks: bigint
}

/** A sentence that says why. */
type Unread = { readonly unread: string }

type Asked = IdPage & { readonly ledgerId: LedgerId }

async function pageAfter(compared: Compared, asked: Asked): Promise<Page | Unread> {
  const { ledgerId } = asked
  let first: bigint | undefined
  for (let tries = 1; ; tries += 1)
    try {
      await using built = await compared.built.readModels.view(ledgerId)
      await using live = await compared.live.readModels.view(ledgerId)
      return await readPage(compared, { ...asked, live, built })
    } catch (error) {
      if (!(error instanceof ReadViewOutdated)) throw error
      const at = await standing(compared.live, ledgerId)
      first ??= at
      if (tries === viewTries) return { unread: unreadSentence(first, at) }
      await sleep(tries)
    }
}

async function standing({ readModels, model }: Side, ledgerId: LedgerId): Promise<bigint> {
  return (await checkpointIn(readModels, model, ledgerId))?.revision ?? -1n
}

type Views = Asked & { readonly live: ReadView; readonly built: ReadView }

/** What is live is read at once: it moves on, and a store may soon no longer have what its view showed. */
async function readPage(compared: Compared, views: Views): Promise<Page> {
  const { ledgerId, after } = views
  const live = { view: views.live, model: compared.live.model }
  const built = { view: views.built, model: compared.built.model }
  const find = ({ view, model }: Viewed) => view.find(model, findPage(model, views))
  const [liveAt, livePage] = [await appliedIn(live), await find(live)]
  const [builtAt, builtPage] = [await appliedIn(built), await find(built)]
  const ahead = liveAt > builtAt ? liveAt : builtAt
  const overlay = (side: Viewed, from: bigint) =>
    overlayOf({ ...compared, ...side, ledgerId }, from, ahead)
  const [liveOver, builtOver] = [await overlay(live, liveAt), await overlay(built, builtAt)]
  const compareIds = orderOfIds(live.model)
  const ends = [livePage, builtPage].map((page) => endOf(live.model, page, views))
  const last = smallest(ends, compareIds)
  const within = (id: string) =>
    (after === undefined || compareIds(id, after) > 0) &&
    (last === undefined || compareIds(id, last) <= 0)
  return {
    live: textsOf(among(livePage, liveOver, within), compareIds),
    built: textsOf(among(builtPage, builtOver, within), compareIds),
    misfiled: misfiledOf([...livePage, ...builtPage], within),
    last,
    foldedOn: Math.max(liveOver.size, builtOver.size),
    builtLacks: ahead - builtAt,
  }
}

type Viewed = { readonly view: ReadView; readonly model: LiveModel }

async function appliedIn({ view, model }: Viewed): Promise<bigint> {
  return (await view.checkpoint(model))?.revision ?? -1n
}

function smallest(
  ids: readonly (string | undefined)[],
  compareIds: CompareIds,
): string | undefined {
  return ids.filter((id) => id !== undefined).toSorted(compareIds)[0]
}

/** The documents of a page, as often as they are stored, as the overlay has them where it does. */
function among(
  page: readonly StoredDocument[],
  overlay: Overlay,
  within: (id: string) => boolean,
): readonly StoredDocument[] {
  const ids = new Set(page.map(({ id }) => id))
  const added = [...overlay.values()].filter(({ id }) => !ids.has(id))
  const documents = [...page.map((stored) => overlay.get(stored.id) ?? stored), ...added]
  return documents.filter(({ id }) => within(id))
}

/** Of the documents as they are stored, whatever they are folded on to. */
function misfiledOf(
  page: readonly StoredDocument[],
  within: (id: string) => boolean,
): ReadonlySet<string> {
  const misfiled = page.filter((stored) => stored.misfiled === true && within(stored.id))
  return new Set(misfiled.map(({ id }) => id))
}

/** What each document says, in the order of ids. */
function textsOf(documents: readonly StoredDocument[], compareIds: CompareIds): readonly Text[] {
  return documents
    .toSorted((a, b) => compareIds(a.id, b.id))
    .map(({ id, revision, document }) => ({ id, text: `${revision} ${canonicalJson(document)}` }))
}
