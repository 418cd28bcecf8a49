import type { Headers } from '#test/support/http-client.ts'

/** A transaction that is accepted. */
export const valid =
  '{"postings":[{"debit":"bank:cash","credit":"users:alice","asset":"USD/2","amount":"1"}]}'
/** It with other JSON in place of its amount. */
export const withAmount = (amount: string) => valid.replace('"1"', amount)
/** It with one member more. */
export const withMember = (member: string) => valid.replace('{"postings"', `{${member},"postings"`)
/** Lists in lists. */
export const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

/** What is said of each, as `status code pointer`. */
export const bodies: readonly (readonly [name: string, body: string | Buffer, said: string])[] = [
  ['nothing', '', '400 malformed-json'],
  ['no JSON', '{"postings":', '400 malformed-json'],
  ['two values', `${valid}${valid}`, '400 malformed-json'],
  ['a comment', `/* */${valid}`, '400 malformed-json'],
  ['NaN', withAmount('NaN'), '400 malformed-json'],
  ['single quotes', valid.replaceAll('"', "'"), '400 malformed-json'],
  ['a byte order mark', `\ufeff${valid}`, '400 malformed-json'],
  ['UTF-16', Buffer.from(valid, 'utf16le'), '400 malformed-json'],
  [
    'an overlong form',
    Buffer.from(withMember('"description":"\xc0\xaf"'), 'latin1'),
    '400 malformed-json',
  ],
  [
    'an encoded surrogate',
    Buffer.from(withMember('"description":"\xed\xa0\x80"'), 'latin1'),
    '400 malformed-json',
  ],
  [
    'an escaped duplicate',
    valid.replace('"asset"', '"\\u0061mount":"2","asset"'),
    '400 malformed-json /postings/0/amount',
  ],
  ['__proto__', withMember('"__proto__":{}'), '400 malformed-json /__proto__'],
  ['constructor', withMember('"constructor":{}'), '400 malformed-json /constructor'],
  [
    '17 levels',
    withMember(`"metadata":{"a":${nested(15)}}`),
    `400 malformed-json /metadata/a${'/0'.repeat(14)}`,
  ],
  ['a list', '[]', '400 validation-failed '],
  ['null', 'null', '400 validation-failed '],
  ['a string', '"postings"', '400 validation-failed '],
  ['nothing in it', '{}', '400 validation-failed /postings'],
  ['an unknown field', withMember('"memo":"x"'), '400 validation-failed /memo'],
  [
    'an unknown field inside',
    valid.replace('"asset"', '"fee":"1","asset"'),
    '400 validation-failed /postings/0/fee',
  ],
  ['a field of the path', withMember('"ledgerId":"x"'), '400 validation-failed /ledgerId'],
  ['another case', valid.replace('"debit"', '"Debit"'), '400 validation-failed /postings/0/Debit'],
  ['null where not said', withMember('"description":null'), '400 validation-failed /description'],
  ['no postings', '{"postings":[]}', '400 validation-failed /postings'],
  ['postings that are an object', '{"postings":{"0":{}}}', '400 validation-failed /postings'],
  ['a posting that is a string', '{"postings":["x"]}', '400 validation-failed /postings/0'],
  [
    'a control character',
    withMember('"description":"\\u0000"'),
    '400 validation-failed /description',
  ],
  [
    'a long description',
    withMember(`"description":"${'x'.repeat(1001)}"`),
    '400 validation-failed /description',
  ],
  [
    'a reference that is no ASCII',
    withMember('"externalReference":"é"'),
    '400 validation-failed /externalReference',
  ],
  [
    'an empty reference',
    withMember('"externalReference":""'),
    '400 validation-failed /externalReference',
  ],
  [
    'nested metadata',
    withMember('"metadata":{"a":{"b":"c"}}'),
    '400 validation-failed /metadata/a',
  ],
  ['metadata of a number', withMember('"metadata":{"a":1}'), '400 validation-failed /metadata/a'],
  ['65 keys', withMember(`"metadata":{${keys(65)}}`), '400 validation-failed /metadata'],
  [
    '17 KiB of metadata',
    withMember(`"metadata":{"a":"${'x'.repeat(17 * 1024)}"}`),
    '400 validation-failed /metadata/a',
  ],
  [
    'an account with a space',
    valid.replace('users:alice', 'users: alice'),
    '400 validation-failed /postings/0/credit',
  ],
  [
    'an account that ends with a colon',
    valid.replace('users:alice', 'users:'),
    '400 validation-failed /postings/0/credit',
  ],
  [
    'an account of 257',
    valid.replace('users:alice', 'a'.repeat(257)),
    '400 validation-failed /postings/0/credit',
  ],
  [
    'an asset without scale',
    valid.replace('USD/2', 'USD'),
    '400 validation-failed /postings/0/asset',
  ],
  [
    'an asset of scale 19',
    valid.replace('USD/2', 'USD/19'),
    '400 validation-failed /postings/0/asset',
  ],
  [
    'an asset of scale 02',
    valid.replace('USD/2', 'USD/02'),
    '400 validation-failed /postings/0/asset',
  ],
  [
    'a day that does not exist',
    withMember('"effectiveAt":"2026-02-29T00:00:00Z"'),
    '400 validation-failed /effectiveAt',
  ],
  [
    'a time without an offset',
    withMember('"effectiveAt":"2026-02-28T00:00:00"'),
    '400 validation-failed /effectiveAt',
  ],
  [
    'a leap second',
    withMember('"effectiveAt":"2016-12-31T23:59:60Z"'),
    '400 validation-failed /effectiveAt',
  ],
  [
    'four fraction digits',
    withMember('"effectiveAt":"2026-02-28T00:00:00.1234Z"'),
    '400 validation-failed /effectiveAt',
  ],
  [
    'a time that is a number',
    withMember('"effectiveAt":1700000000000'),
    '400 validation-failed /effectiveAt',
  ],
  [
    '101 conditions',
    withMember(`"conditions":[${conditions(101)}]`),
    '400 validation-failed /conditions',
  ],
  [
    'a condition of nothing',
    withMember('"conditions":[{"account":"a","asset":"USD/2","available":{}}]'),
    '400 validation-failed /conditions/0/available',
  ],
]

/** All of these are no amounts. */
export const amounts: readonly string[] = [
  '1',
  '0',
  '-1',
  '1.0',
  '1e2',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775808',
  '18446744073709551616',
  '1e31',
  '1e400',
  '-1e400',
  'null',
  'true',
  '[]',
  '{}',
  '["1"]',
  '""',
  '"0"',
  '"-1"',
  '"+1"',
  '"01"',
  '"1.0"',
  '"1e2"',
  '"0x10"',
  '" 1"',
  '"1 "',
  '"1\\n"',
  '"1_000"',
  '"1,000"',
  '"１"',
  '"٣"',
  '"NaN"',
  '"Infinity"',
  `"1${'0'.repeat(31)}"`,
  `"${'9'.repeat(1000)}"`,
]

/** What is asked of a ledger, and what is said to it. */
export const queries: readonly (readonly [name: string, path: string, said: string])[] = [
  ['an unknown parameter', '/accounts?typ=asset', '400 validation-failed /query/typ'],
  ['a parameter twice', '/accounts?type=asset&type=asset', '400 validation-failed /query/type'],
  [
    'one that is only encoded otherwise',
    '/accounts?type=asset&%74ype=asset',
    '400 validation-failed /query/type',
  ],
  ['brackets', '/accounts?type[]=asset', '400 validation-failed /query/type[]'],
  ['a value that is none', '/accounts?type=bank', '400 validation-failed /query/type'],
  ['a broken escape', '/accounts?prefix=%zz', '400 validation-failed /query'],
  ['bytes that are no UTF-8', '/accounts?prefix=%ff', '400 validation-failed /query'],
  ['a prefix that no account has', '/accounts?prefix=%00', '400 validation-failed /query/prefix'],
  ['limit 0', '/accounts?limit=0', '400 validation-failed /query/limit'],
  ['limit 201', '/accounts?limit=201', '400 validation-failed /query/limit'],
  ['limit -1', '/accounts?limit=-1', '400 validation-failed /query/limit'],
  ['limit 1.5', '/accounts?limit=1.5', '400 validation-failed /query/limit'],
  ['limit 1e2', '/accounts?limit=1e2', '400 validation-failed /query/limit'],
  ['an empty limit', '/accounts?limit=', '400 validation-failed /query/limit'],
  [
    'limit 10001 of a statement',
    '/accounts/bank:cash/statement?asset=USD/2&limit=10001',
    '400 validation-failed /query/limit',
  ],
  [
    'limit 10001 of a trial balance',
    '/trial-balance?limit=10001',
    '400 validation-failed /query/limit',
  ],
  [
    'a statement of no asset',
    '/accounts/bank:cash/statement',
    '400 validation-failed /query/asset',
  ],
  ['a time that is none', '/transactions?from=yesterday', '400 validation-failed /query/from'],
  [
    'both record clocks',
    '/trial-balance?recordedAt=2026-01-01T00:00:00Z&atRevision=1',
    '400 validation-failed *',
  ],
  ['an unknown status', '/holds?status=closed', '400 validation-failed /query/status'],
  ['an unknown outcome', '/commands?outcome=maybe', '400 validation-failed /query/outcome'],
  [
    'an unknown order',
    '/accounts/bank:cash/entries?order=up',
    '400 validation-failed /query/order',
  ],
  ['an unknown type of event', '/events?types=Nothing', '400 validation-failed /query/types'],
  ['a revision that is none', '/events?after=-1', '400 validation-failed /query/after'],
  ['no cursor', '/accounts?cursor=', '400 invalid-cursor'],
  ['a cursor of nobody', '/accounts?cursor=eyJhIjoxfQ', '400 invalid-cursor'],
  ['a cursor of garbage', '/accounts?cursor=%00%01', '400 invalid-cursor'],
  ['dryRun of a read', '/accounts?dryRun=true', '400 validation-failed /query/dryRun'],
  ['an account that cannot be', '/accounts/a%20b', '404 account-not-found'],
  ['an account with a slash', '/accounts/a%2Fb', '404 account-not-found'],
  ['an account of ..', '/accounts/..%2f..', '404 account-not-found'],
  ['an account of 3,000', `/accounts/${'a'.repeat(3000)}`, '404 account-not-found'],
  ['a transaction of 01', '/transactions/01', '404 transaction-not-found'],
  ['a transaction of -1', '/transactions/-1', '404 transaction-not-found'],
  ['a transaction of 2^64', '/transactions/18446744073709551616', '404 transaction-not-found'],
  ['a transaction that is an account', '/transactions/1', '404 transaction-not-found'],
  ['a hold that is none', '/holds/1', '404 hold-not-found'],
  ['an event beyond the end', '/events/999999', '404 event-not-found'],
  ['a broken escape in the path', '/accounts/%zz', '400 validation-failed *'],
  ['half a character in the path', '/accounts/%e2%82', '400 validation-failed *'],
  ['a trailing slash', '/accounts/', '404 *'],
  ['another case', '/Accounts', '404 not-found'],
  ['no such place', '/nothing', '404 not-found'],
]

/** Headers that a command is refused for. */
export const headers: readonly (readonly [name: string, headers: Headers, said: string])[] = [
  ['no type', { 'content-type': '' }, '415 unsupported-media-type'],
  ['text', { 'content-type': 'text/plain' }, '415 unsupported-media-type'],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, '415 unsupported-media-type'],
  [
    'a type that only begins so',
    { 'content-type': 'application/jsonp' },
    '415 unsupported-media-type',
  ],
  [
    'a JSON patch',
    { 'content-type': 'application/merge-patch+json' },
    '415 unsupported-media-type',
  ],
  [
    'another character set',
    { 'content-type': 'application/json; charset=latin1' },
    '415 unsupported-media-type',
  ],
  ['a coding', { 'content-encoding': 'gzip' }, '415 unsupported-media-type'],
  ['an unknown coding', { 'content-encoding': 'x' }, '415 unsupported-media-type'],
  ['an answer as XML', { accept: 'application/xml' }, '406 not-acceptable'],
  ['an answer as CSV', { accept: 'text/csv' }, '406 not-acceptable'],
  ['no key', { 'idempotency-key': '' }, '400 idempotency-key-required'],
  ['a key of 256', { 'idempotency-key': 'k'.repeat(256) }, '400 *'],
  ['a key that is no ASCII', { 'idempotency-key': 'é' }, '400 *'],
  ['a key of the program', { 'idempotency-key': 'daybook:expire:1:x' }, '400 *'],
  ['a key of an item', { 'idempotency-key': 'a/7' }, '400 *'],
  [
    'a long correlation',
    { 'correlation-id': 'c'.repeat(129) },
    '400 validation-failed /headers/correlation-id',
  ],
  [
    'an empty correlation',
    { 'correlation-id': '' },
    '400 validation-failed /headers/correlation-id',
  ],
  [
    'a causation that is no ASCII',
    { 'causation-id': 'é' },
    '400 validation-failed /headers/causation-id',
  ],
]

function keys(count: number): string {
  return Array.from({ length: count }, (_, index) => `"k${index}":""`).join(',')
}

function conditions(count: number): string {
  return Array.from(
    { length: count },
    () => '{"account":"a","asset":"USD/2","available":{"gte":"0"}}',
  ).join(',')
}
