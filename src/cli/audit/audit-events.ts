import type { Finding } from '#cli/audit/finding.ts'
import { LedgerAudit } from '#cli/audit/ledger-audit.ts'
import { ledgerOfStream } from '#events/stream-names.ts'
import type { StoredEvent } from '#ports/event-store.ts'

/** Audits events as a store gives them back, those of each ledger in order; streams that are no ledger's are passed over. */
export async function auditEvents(events: Iterable<StoredEvent>): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const [ledgerId, own] of Map.groupBy(events, ({ stream }) => ledgerOfStream(stream))) {
    if (ledgerId === undefined) continue
    const byRevision = new Map(own.map(({ revision, json }) => [revision, json]))
    const audit = new LedgerAudit(ledgerId, async (revision) => byRevision.get(revision))
    for (const event of own) findings.push(...(await audit.see(event)))
    findings.push(...audit.finish())
  }
  return findings
}
