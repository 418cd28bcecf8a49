import process from 'node:process'
import { openExistingLog } from '#cli/existing-log.ts'
import { ledgerHead, ledgerPages } from '#cli/log-pages.ts'
import { choiceOption, ledgerOption, revisionOption } from '#cli/options.ts'
import { openProgress } from '#cli/progress.ts'
import { Books } from '#cli/replay/books.ts'
import { booksAsText } from '#cli/replay/books-text.ts'
import { type Arguments, type Subcommand, ToolFailed, WrongUsage } from '#cli/subcommand.ts'
import { decodeEvent } from '#events/decode.ts'
import { isAccountId } from '#values/ids.ts'

/** Shows the books as they were, from the log alone. */
export const replay: Subcommand = {
  name: 'replay',
  summary: 'show the books as they were at any revision, from the log alone',
  positionals: [],
  options: {
    ledger: { value: 'LEDGER', help: 'which ledger; required' },
    revision: { value: 'REVISION', help: 'as of this revision; by default the last one' },
    account: { value: 'ACCOUNT', help: 'only this account and those below it' },
    format: { value: 'text|json', help: 'aligned text with decimal amounts (the default) or JSON' },
  },
  notes: ['No read model is asked: what is shown is folded from the events of the ledger.'],
  logsTo: 2,

  async run({ arguments: given, config, logger }) {
    const { ledgerId, revision, account, format } = optionsOf(given)
    await using store = await openExistingLog(config, logger)
    const head = await ledgerHead(store, ledgerId)
    if (revision !== undefined && revision > head)
      throw new ToolFailed(`${ledgerId} has no revision ${revision}: its last one is ${head}.`)
    const books = new Books(ledgerId)
    {
      using progress = openProgress('replaying', Number(revision ?? head) + 1)
      for await (const page of ledgerPages(store, ledgerId, { to: revision })) {
        for (const { json } of page) books.apply(decodeEvent(json))
        progress.show(Number(page.at(-1)?.revision ?? 0n), 'events')
      }
    }
    const shown = books.asOfNow(account)
    const text = format === 'json' ? `${JSON.stringify(shown, null, 2)}\n` : booksAsText(shown)
    process.stdout.write(text)
    return 0
  },
}

function optionsOf(given: Arguments) {
  const ledgerId = ledgerOption(given)
  if (ledgerId === undefined) throw new WrongUsage('--ledger LEDGER is missing.')
  const account = given.values.get('account')
  if (account !== undefined && !isAccountId(account))
    throw new WrongUsage('--account is an accountId, e.g. users:alice.')
  const format = choiceOption(given, 'format', ['text', 'json']) ?? 'text'
  return { ledgerId, revision: revisionOption(given, 'revision'), account, format }
}
