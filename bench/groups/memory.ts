import { z } from 'zod'
import { type Figure, judged } from '#bench/figure.ts'
import { run } from '#bench/processes.ts'

const footprint = z.object({
  bareKey: z.number(),
  /** Once its books are kept. */
  keptKey: z.number(),
  key: z.number(),
  account: z.number(),
  balance: z.number(),
  hold: z.number(),
})

const keptKeyBytesMax = 100

/** What the books of a ledger take in memory. */
export async function measure(): Promise<readonly Figure[]> {
  const bytes = footprint.parse(JSON.parse(await run('bench/memory.ts', [])))
  const unit = 'bytes'
  return [
    judged({
      name: 'memory-key',
      what: 'heap per idempotency key, once its books are kept',
      value: bytes.keptKey,
      unit,
      limit: { what: "a bare Map's entry for such a key", value: bytes.bareKey },
      target: { of: 'value', atMost: keptKeyBytesMax },
    }),
    judged({
      name: 'memory-young-key',
      what: 'heap per idempotency key of the newest commands, all that their event leaves',
      value: bytes.key,
      unit,
    }),
    judged({ name: 'memory-account', what: 'heap per account', value: bytes.account, unit }),
    judged({ name: 'memory-balance', what: 'heap per balance', value: bytes.balance, unit }),
    judged({ name: 'memory-hold', what: 'heap per open hold', value: bytes.hold, unit }),
  ]
}
