import process from 'node:process'

/** What a test does more of, or for longer, where `DAYBOOK_TEST_LONG=1` asks for that: before a release, over night. */
export function usually<Value>(usual: Value, { long }: { readonly long: Value }): Value {
  return process.env['DAYBOOK_TEST_LONG'] === '1' ? long : usual
}
