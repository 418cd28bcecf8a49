import { describe, expect, it } from 'vitest'
import { deviationsOf } from '#cli/rebuild/standings.ts'
import { ledgerStream } from '#events/stream-names.ts'
import type { Checkpoint } from '#ports/read-models.ts'
import { accounts } from '#projections/accounts.ts'
import { aChange, aTask } from '#test/contracts/read-models-examples.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'

const { signal } = new AbortController()
const patience = 500
const model = { ...accounts, build: 1 }

describe('a ledger in what serves and in what was built', () => {
  it.each([
    ['as far', stand(5n), stand(5n), []],
    ['parked at the same event', stand(2n, 3n), stand(2n, 3n), []],
    [
      'as far, but of another time',
      { ...stand(5n), recordedAt: '2026-03-01T12:00:01.000Z' },
      stand(5n),
      [
        'says that revision 5 is of 2026-03-01T12:00:01.000Z, the log says 2026-03-01T12:00:00.000Z',
      ],
    ],
    ['further, since the log went on', stand(7n), stand(5n), []],
    [
      'behind',
      stand(2n),
      stand(5n),
      ['applied up to revision 2, 3 events behind, and nothing moves it on'],
    ],
    [
      'behind what parks later',
      stand(0n),
      stand(2n, 3n),
      ['applied up to revision 0, 2 events behind, and nothing moves it on'],
    ],
    [
      'not there',
      undefined,
      stand(1n),
      ['nothing of it is applied, 2 events behind, and nothing moves it on'],
    ],
    ['beyond the log', stand(12n), stand(9n), ['has applied revision 12, the log ends at 9']],
    [
      'parked, and the other is not',
      stand(2n, 3n),
      stand(5n),
      ['is parked at revision 3, the log lets it go on'],
    ],
    [
      'parked elsewhere',
      stand(4n, 5n),
      stand(2n, 3n),
      ['is parked at revision 5, the log parks it at revision 3: poison'],
    ],
    [
      'past what parks',
      stand(6n),
      stand(2n, 3n),
      ['is not parked, the log parks it at revision 3: poison'],
    ],
  ])('stands: %s', async (_case, live, built, said) => {
    const [found] = await deviations({ live, built })
    expect(found).toEqual(said.map((sentence) => ({ ledgerId: 'acme', sentence, isWrong: true })))
  })

  it('is only told of where it is behind and another one moves', async () => {
    const [found] = await deviations({
      live: stand(2n),
      built: stand(5n),
      async meanwhile(readModels) {
        const change = { ledgerId: 'other', checkpoint: stand(1n), expected: undefined }
        await readModels.commit([aChange({ model, ...change })])
      },
    })
    const sentence = 'applied up to revision 2, 3 events behind, while a projector is at work'
    expect(found).toEqual([{ ledgerId: 'acme', sentence, isWrong: false }])
  })

  it('is as it should be where it gets there within some seconds', async () => {
    const [found] = await deviations({
      live: stand(2n, 3n),
      built: stand(5n),
      async meanwhile(readModels) {
        await readModels.commit([
          aChange({ model, ledgerId: 'acme', checkpoint: stand(5n), expected: 2n }),
        ])
      },
    })
    expect(found).toEqual([])
  })

  it('is none of the log where only its documents are left', async () => {
    const live = openMemoryReadModels({ tears: () => true, takesAll: true })
    await live.prepare(model)
    const change = aChange({ model, ledgerId: 'ghost', documents: [aTask('a')] })
    await expect(live.commit([change])).rejects.toThrow('cut off')
    const built = await holding(stand(9n))
    const pair = { live: sideOf(live), built: sideOf(built), follow: async () => {} }
    const [found] = await deviationsOf(log, [pair], { patience: 0, signal })
    expect(found).toContainEqual({
      ledgerId: 'ghost',
      sentence: 'the log has no such ledger',
      isWrong: true,
    })
  })
})

type ReadModels = ReturnType<typeof openMemoryReadModels>
type Given = {
  readonly live: Checkpoint | undefined
  readonly built: Checkpoint | undefined
  readonly meanwhile?: (live: ReadModels) => Promise<void>
}

/** Ten events of one ledger and two of another. */
const log = {
  head: async (stream: string) =>
    ({ [ledgerStream('acme')]: 9n, [ledgerStream('other')]: 1n })[stream] ?? ('no-stream' as const),
}

async function deviations({ live, built, meanwhile }: Given) {
  const [serving, made] = [await holding(live), await holding(built)]
  let isOver = false
  const follow = async () => {
    if (!isOver) await meanwhile?.(serving)
    isOver = true
  }
  const pair = { live: sideOf(serving), built: sideOf(made), follow }
  return deviationsOf(log, [pair], { patience, signal })
}

async function holding(checkpoint: Checkpoint | undefined): Promise<ReadModels> {
  const readModels = openMemoryReadModels()
  await readModels.prepare(model)
  if (checkpoint !== undefined)
    await readModels.commit([aChange({ model, ledgerId: 'acme', checkpoint })])
  return readModels
}

function sideOf(readModels: ReadModels) {
  return { readModels, model }
}

function stand(revision: bigint, parkedAt?: bigint): Checkpoint {
  const recordedAt = '2026-03-01T12:00:00.000Z'
  const parked = parkedAt !== undefined && { parked: { revision: parkedAt, reason: 'poison' } }
  return { revision, recordedAt, ...parked }
}
