import { describe, expect, it } from 'vitest'
import type { RecordedEvent } from '#events/envelope.ts'
import { commandOf, commands } from '#projections/commands.ts'
import * as examples from '#test/support/examples.ts'
import { specify } from '#test/support/projection-specification.ts'

const { given } = specify(commands)
const { commandRejected, recordedAtOf, transactionPosted } = examples

describe('the journal', () => {
  it('says who asked what, when, under which key', () => {
    const envelope = {
      revision: 4n,
      actor: 'shop',
      correlationId: 'checkout-1',
      idempotency: { key: 'order-77', fingerprint: 'f'.repeat(64) },
    }
    given(transactionPosted({}, envelope)).thenDocuments({
      '4': {
        revision: '4',
        command: 'PostTransaction',
        event: 'TransactionPosted',
        outcome: 'accepted',
        idempotencyKey: 'order-77',
        actor: 'shop',
        recordedAt: recordedAtOf(4n),
        correlationId: 'checkout-1',
      },
    })
  })

  it('says why a command was refused, and which it was', () => {
    given(
      commandRejected({ command: 'CloseAccount', code: 'account-not-empty' }, { revision: 4n }),
    ).thenPart('4', {
      command: 'CloseAccount',
      event: 'CommandRejected',
      outcome: 'rejected',
      code: 'account-not-empty',
      detail: 'users:alice has 0 USD/2 available and would need 1000',
    })
  })

  const answers: readonly [RecordedEvent, string][] = [
    [examples.ledgerOpened(), 'OpenLedger'],
    [examples.ledgerChanged(), 'ChangeLedger'],
    [examples.assetRegistered(), 'RegisterAsset'],
    [examples.accountOpened(), 'OpenAccount'],
    [examples.accountLimitsChanged(), 'ChangeAccountLimits'],
    [examples.metadataSet(), 'SetMetadata'],
    [examples.accountFrozen(), 'FreezeAccount'],
    [examples.accountUnfrozen(), 'UnfreezeAccount'],
    [examples.accountClosed(), 'CloseAccount'],
    [examples.accountReopened(), 'ReopenAccount'],
    [transactionPosted(), 'PostTransaction'],
    [transactionPosted({ kind: 'reversal' }), 'ReverseTransaction'],
    [transactionPosted({ kind: 'reinstatement' }), 'ReverseTransaction'],
    [examples.holdPlaced(), 'PlaceHold'],
    [examples.holdCaptured(), 'CaptureHold'],
    [examples.holdVoided(), 'VoidHold'],
    [examples.holdExtended(), 'ExtendHold'],
    [examples.holdExpired(), 'ExpireHold'],
  ]

  it.each(answers)('names the command that an event answers (%#)', (event, command) => {
    expect(commandOf(event)).toBe(command)
  })
})
