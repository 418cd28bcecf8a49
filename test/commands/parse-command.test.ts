import { describe, expect, it } from 'vitest'
import { isClientKey, parseBatchItem, parseCommand } from '#commands/parse-command.ts'
import type { Json, JsonObject } from '#values/json.ts'

const posting = { debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '100' }
const posting2 = { ...posting, amount: '1' }
const metadataOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key ${index}`, 'x']))

/** What is wrong with a command, as `pointer code`. */
function problems(command: string, members: JsonObject): readonly string[] {
  const item = parseCommand(command, members)
  if (!('malformed' in item)) return []
  return item.malformed.map(({ pointer, code }) => `${pointer} ${code}`)
}

/** The same of a PostTransaction with these members besides one posting. */
function saying(members: JsonObject): readonly string[] {
  return problems('PostTransaction', { postings: [posting], ...members })
}

const invalid = (pointer: string) => [`${pointer} validation-failed`]

describe('a well-formed command', () => {
  it('keeps the request as it was sent, for the fingerprint', () => {
    const sent = { postings: [posting], effectiveAt: '2026-03-01T14:00:00+02:00' }
    expect(parseCommand('PostTransaction', sent)).toEqual({
      command: 'PostTransaction',
      input: { postings: [posting], effectiveAt: '2026-03-01T12:00:00.000Z' },
      request: { command: 'PostTransaction', ...sent },
    })
  })

  it('is the same from a batch, without the key', () => {
    const direct = parseCommand('VoidHold', { holdId: '7', reason: 'x' })
    expect(parseBatchItem({ command: 'VoidHold', holdId: '7', reason: 'x' })).toEqual(direct)
    expect(
      parseBatchItem({ command: 'VoidHold', holdId: '7', reason: 'x', idempotencyKey: 'k' }),
    ).toEqual({ ...direct, key: 'k' })
  })
})

describe('a malformed command', () => {
  it('is told all that is wrong at once, with pointers', () => {
    expect(
      problems('PostTransaction', {
        postings: [posting, { ...posting, amount: '0', 'de/bit~': 1 }],
        conditions: [{ account: 'a b', asset: 'USD/2', available: { gte: '1' } }],
        when: 'now',
      }),
    ).toEqual([
      '/postings/1/amount invalid-amount',
      '/postings/1/de~1bit~0 validation-failed',
      '/conditions/0/account validation-failed',
      '/when validation-failed',
    ])
  })

  it('is told what is missing', () => {
    const item = parseCommand('OpenAccount', { accountId: 'a' })
    expect(item).toEqual({
      malformed: [
        { pointer: '/type', code: 'validation-failed', detail: 'this member is required' },
      ],
    })
    expect(problems('PostTransaction', {})).toEqual(invalid('/postings'))
    expect(problems('PostTransaction', { postings: [{ debit: 'a' }] })).toEqual([
      '/postings/0/credit validation-failed',
      '/postings/0/asset validation-failed',
      '/postings/0/amount validation-failed',
    ])
  })

  it('is told what is not known', () => {
    expect(parseCommand('CloseAccount', { accountId: 'a', reason: 'r', force: true })).toEqual({
      malformed: [
        {
          pointer: '/force',
          code: 'validation-failed',
          detail: 'this member is not known here',
        },
      ],
    })
  })

  it.each(['externalReference', 'description', 'metadata', 'effectiveAt', 'conditions'])(
    'may not say null for %s',
    (member) => {
      expect(saying({ [member]: null })).toEqual(invalid(`/${member}`))
    },
  )
})

describe('an amount', () => {
  const withAmount = (amount: Json) =>
    parseCommand('PostTransaction', { postings: [{ ...posting, amount }] })

  it.each(['1', '10', '9'.repeat(31)])('may be %s', (amount) => {
    expect(withAmount(amount)).toHaveProperty('input')
  })

  it.each(['0', '', '-1', '+1', '01', '1.0', '1e3', ' 1', '1 ', '1\n', '1'.repeat(32), '١'])(
    'may not be %j',
    (amount) => {
      expect(withAmount(amount)).toMatchObject({
        malformed: [{ pointer: '/postings/0/amount', code: 'invalid-amount' }],
      })
    },
  )

  it('is refused as a JSON number, with a hint', () => {
    expect(withAmount(100)).toEqual({
      malformed: [
        {
          pointer: '/postings/0/amount',
          code: 'invalid-amount',
          detail: expect.stringContaining('send it as a string'),
        },
      ],
    })
  })

  it.each([[null], [true], [['1']], [{}]])('is refused as %j', (amount) => {
    expect(withAmount(amount)).toMatchObject({ malformed: [{ code: 'invalid-amount' }] })
  })
})

describe('the amounts of a reversal or capture', () => {
  const capturing = (amounts: Json) => problems('CaptureHold', { holdId: '6', amounts })

  it('may be zero, not all of them', () => {
    expect(capturing(['0', '1'])).toEqual([])
    expect(capturing(['0', '0'])).toEqual(['/amounts invalid-amount'])
  })

  it('are checked one by one', () => {
    expect(capturing(['1', '-1', '00', 2])).toEqual([
      '/amounts/1 invalid-amount',
      '/amounts/2 invalid-amount',
      '/amounts/3 invalid-amount',
    ])
    expect(capturing([])).toContain('/amounts validation-failed')
  })
})

describe('limits and bounds', () => {
  const limited = (limits: Json) =>
    problems('OpenAccount', { accountId: 'a', type: 'asset', limits })

  it.each([{}, { min: '0' }, { min: '-500', max: null }, { max: '9'.repeat(34) }])(
    'of an opening may be %j',
    (limits) => {
      expect(limited(limits)).toEqual([])
    },
  )

  it.each(['-0', '1.5', '+1', '00', '9'.repeat(35)])('may not be %j', (min) => {
    expect(limited({ min })).toEqual(['/limits/min invalid-amount'])
  })

  it('are refused as numbers, with a hint', () => {
    const item = parseCommand('OpenAccount', { accountId: 'a', type: 'asset', limits: { max: 5 } })
    expect(item).toMatchObject({
      malformed: [{ pointer: '/limits/max', detail: expect.stringContaining('string') }],
    })
  })

  it('to change are at least one', () => {
    expect(problems('ChangeAccountLimits', { accountId: 'a', limits: {} })).toEqual(
      invalid('/limits'),
    )
  })

  it('of a condition are gte, lte or both', () => {
    const condition = (available: Json) =>
      saying({ conditions: [{ account: 'a', asset: 'USD/2', available }] })
    expect(condition({ gte: '-1', lte: '0' })).toEqual([])
    expect(condition({})).toEqual(invalid('/conditions/0/available'))
    expect(condition({ eq: '1' })[0]).toBe('/conditions/0/available/eq validation-failed')
  })
})

describe('lengths and counts', () => {
  it('allow 1 to 500 postings', () => {
    const many = (count: number) => ({ postings: Array.from({ length: count }, () => posting2) })
    expect(problems('PostTransaction', many(500))).toEqual([])
    expect(problems('PostTransaction', many(501))).toEqual(invalid('/postings'))
    expect(problems('PlaceHold', many(0))).toEqual(invalid('/postings'))
  })

  it('allow 100 conditions', () => {
    const condition = { account: 'a', asset: 'USD/2', available: { gte: '0' } }
    const many = (count: number) => ({ conditions: Array.from({ length: count }, () => condition) })
    expect(saying(many(100))).toEqual([])
    expect(saying(many(101))).toEqual(invalid('/conditions'))
  })

  it('allow 100 assets at opening, each once', () => {
    const many = (count: number, code = (index: number) => `A${index}/0`) => ({
      ledgerId: 'acme',
      name: 'Acme',
      assets: Array.from({ length: count }, (_, index) => ({ asset: code(index) })),
    })
    expect(problems('OpenLedger', many(100))).toEqual([])
    expect(problems('OpenLedger', many(101))).toEqual(invalid('/assets'))
    expect(
      problems(
        'OpenLedger',
        many(2, () => 'USD/2'),
      ),
    ).toEqual(invalid('/assets'))
  })

  it('count characters, not UTF-16 units', () => {
    expect(problems('ChangeLedger', { name: '𝄞'.repeat(200) })).toEqual([])
    expect(problems('ChangeLedger', { name: '𝄞'.repeat(201) })).toEqual(invalid('/name'))
    expect(problems('ChangeLedger', { name: '' })).toEqual(invalid('/name'))
  })

  it('allow reasons of 1 to 500 characters and descriptions of up to 1000', () => {
    const closing = (reason: string) => problems('CloseAccount', { accountId: 'a', reason })
    expect([closing('x'), closing('x'.repeat(500))]).toEqual([[], []])
    expect([closing(''), closing('x'.repeat(501))]).toEqual([
      invalid('/reason'),
      invalid('/reason'),
    ])
    expect(saying({ description: 'x'.repeat(1000) })).toEqual([])
    expect(saying({ description: 'x'.repeat(1001) })).toEqual(invalid('/description'))
  })

  it('allow external references of 1 to 255 printable ASCII characters', () => {
    expect(saying({ externalReference: ' ~'.repeat(127) })).toEqual([])
    for (const reference of ['', 'x'.repeat(256), 'é', 'a\tb', 'a\n'])
      expect(saying({ externalReference: reference })).toEqual(invalid('/externalReference'))
  })

  it('allow metadata of 64 flat strings and 16 KiB', () => {
    expect(saying({ metadata: metadataOf(64) })).toEqual([])
    expect(saying({ metadata: metadataOf(65) })).toEqual(invalid('/metadata'))
    expect(saying({ metadata: { k: 'x'.repeat(16 * 1024) } })).toEqual(invalid('/metadata'))
    expect(saying({ metadata: { k: 1 } })).toEqual(invalid('/metadata/k'))
    expect(saying({ metadata: { k: { deep: 'x' } } })).toEqual(invalid('/metadata/k'))
    expect(saying({ metadata: { k: null } })).toEqual(invalid('/metadata/k'))
    expect(saying({ metadata: [] })).toEqual(invalid('/metadata'))
  })

  it('allow nulls only where metadata is changed', () => {
    const setting = (metadata: Json) => problems('SetMetadata', { accountId: 'a', metadata })
    expect(setting({ k: null })).toEqual([])
    expect(setting({ ...metadataOf(64), gone: null })).toEqual([])
    expect(setting(metadataOf(65))).toEqual(invalid('/metadata'))
  })
})

describe('characters', () => {
  it('exclude control characters but tab and newline', () => {
    expect(saying({ description: 'a\tb\nc\u007f' })).toEqual([])
    for (const text of ['\u0000', '\r', '\u001f', '\u000b'])
      expect(saying({ description: text })).toEqual(invalid('/description'))
  })

  it('exclude lone surrogates, also in names of metadata', () => {
    expect(saying({ description: 'a\ud800' })).toEqual(invalid('/description'))
    expect(saying({ metadata: { k: '\udc00' } })).toEqual(invalid('/metadata/k'))
    expect(saying({ metadata: { '\ud834': 'x' } })).toHaveLength(1)
  })

  it.each([
    ['', '', '1 to 16384 characters'],
    ['\u0001', '\u0001', 'control characters and lone surrogates are not allowed'],
    ['\ud834', '\ufffd', 'control characters and lone surrogates are not allowed'],
  ])(
    'say what is wrong with the name %j, in a pointer that is well-formed',
    (name, shown, rule) => {
      expect(
        parseCommand('SetMetadata', { accountId: 'a', metadata: { [name]: 'x' } }),
      ).toHaveProperty('malformed', [
        {
          pointer: `/metadata/${shown}`,
          code: 'validation-failed',
          detail: `a name here: ${rule}`,
        },
      ])
    },
  )
})

describe('either one or the other', () => {
  it('is asked of a change to a ledger', () => {
    expect(problems('ChangeLedger', {})).toEqual(invalid(''))
    expect(problems('ChangeLedger', { name: 'x', metadata: {} })).toEqual(invalid(''))
  })
})

describe('an item of a batch', () => {
  const malformed = (item: Json) => {
    const parsed = parseBatchItem(item)
    return 'malformed' in parsed ? parsed.malformed.map(({ pointer }) => pointer) : []
  }

  it.each([[null], [[]], ['PostTransaction'], [7]])('is an object, not %j', (item) => {
    expect(malformed(item)).toEqual([''])
  })

  it.each([{}, { command: 1 }, { command: 'Nonsense' }, { command: 'toString' }])(
    'names a command: not %j',
    (item) => {
      expect(malformed(item)).toEqual(['/command'])
    },
  )

  it.each(['OpenLedger', 'ExpireHold'])('is not %s', (command) => {
    expect(malformed({ command, ledgerId: 'x', name: 'x', assets: [], holdId: '1' })).toEqual([
      '/command',
    ])
  })

  it('has a key that a client may use', () => {
    const keyed = (idempotencyKey: Json) =>
      malformed({ command: 'VoidHold', holdId: '7', reason: 'x', idempotencyKey })
    expect(keyed('k')).toEqual([])
    for (const key of ['', 'daybook:x', 'K/3', null, 5])
      expect(keyed(key)).toEqual(['/idempotencyKey'])
  })
})

describe('a client’s key', () => {
  it.each(['a', ' ', '~'.repeat(255), 'K/3x', '3', 'Daybook:x', 'a/b'])('may be %j', (key) => {
    expect(isClientKey(key)).toBe(true)
  })

  it.each(['', 'x'.repeat(256), 'é', 'a\n', 'daybook:', 'daybook:expire:1', 'K/0', '/1', 'a/b/22'])(
    'may not be %j',
    (key) => {
      expect(isClientKey(key)).toBe(false)
    },
  )
})
