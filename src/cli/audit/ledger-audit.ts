import { auditAccountAct, auditLedgerAct } from '#cli/audit/account-audit.ts'
import { type Envelope, EnvelopeAudit } from '#cli/audit/envelope-audit.ts'
import type { Finding, Note } from '#cli/audit/finding.ts'
import { auditHold, checkPending } from '#cli/audit/hold-audit.ts'
import { Unreadable } from '#cli/audit/json-reader.ts'
import { NaiveBooks } from '#cli/audit/naive-books.ts'
import { auditTransaction, type Earlier } from '#cli/audit/transaction-audit.ts'
import type { StoredEvent } from '#ports/event-store.ts'

/** Audits one ledger, an event at a time from revision 0 on. */
export class LedgerAudit {
  readonly #ledgerId: string
  readonly #earlier: Earlier
  readonly #envelopes: EnvelopeAudit
  readonly #books = new NaiveBooks()

  /** `earlier` is asked for what a reversal reverses. */
  constructor(ledgerId: string, earlier: Earlier) {
    this.#ledgerId = ledgerId
    this.#earlier = earlier
    this.#envelopes = new EnvelopeAudit(ledgerId)
  }

  /** What is wrong with the next event. */
  async see(stored: StoredEvent): Promise<readonly Finding[]> {
    const findings: Finding[] = []
    const { note, ledgerId, revision } = {
      ledgerId: this.#ledgerId,
      revision: stored.revision.toString(),
      note: (rule: Finding['rule'], detail: string) => {
        findings.push({ ledgerId, revision, rule, detail })
      },
    }
    try {
      await this.#audit(this.#envelopes.check(stored, note), note)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      note('envelope', error.message)
    }
    return findings
  }

  /** What can only be said of the books as a whole: here, after the last event seen. */
  finish(): readonly Finding[] {
    const findings: Finding[] = []
    checkPending(this.#books, (rule, detail) =>
      findings.push({ ledgerId: this.#ledgerId, rule, detail }),
    )
    return findings
  }

  async #audit(event: Envelope, note: Note): Promise<void> {
    if ((event.type === 'LedgerOpened') !== (event.revision === 0n))
      note('revisions', `revision ${event.revision} is a ${event.type}`)
    switch (event.type) {
      case 'LedgerOpened':
      case 'LedgerChanged':
      case 'AssetRegistered':
        return auditLedgerAct(this.#books, event, note)
      case 'TransactionPosted':
        return auditTransaction(this.#books, event, { earlier: this.#earlier, note })
      case 'CommandRejected':
        event.data.text('code')
        return undefined
      default:
        if (event.type.startsWith('Hold')) return auditHold(this.#books, event, note)
        if (event.data.has('accountId')) return auditAccountAct(this.#books, event, note)
        throw new Unreadable(`there is no event type ${event.type}`)
    }
  }
}
