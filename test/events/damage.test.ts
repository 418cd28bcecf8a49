import { describe, expect, it } from 'vitest'
import { damageOf } from '#events/damage.ts'
import { transactionPosted } from '#test/support/examples.ts'
import { stored } from '#test/support/stored-events.ts'

const event = transactionPosted({ metadata: { id: ',"id":"x"' } }, { revision: 7n })

describe('an event as it is stored', () => {
  it('is what was written', () => {
    expect(damageOf(stored(event))).toBeUndefined()
  })

  it('is damaged where any character of it is another one', () => {
    const sound = stored(event)
    for (let at = 0; at < sound.json.length; at += 1) {
      const other = sound.json[at] === '1' ? '2' : '1'
      const json = sound.json.slice(0, at) + other + sound.json.slice(at + 1)
      expect(damageOf({ ...sound, json })).toBe('its bytes have changed')
    }
  })

  it('is damaged where it is cut or something stands after it', () => {
    const sound = stored(event)
    for (const json of ['', '{}', sound.json.slice(0, -1), `${sound.json} `])
      expect(damageOf({ ...sound, json })).toBe('its bytes have changed')
  })

  it('is damaged where it stands at another place, or as another type', () => {
    const sound = stored(event)
    for (const place of [{ revision: 8n }, { stream: 'ledger-umbra' }, { type: 'HoldPlaced' }])
      expect(damageOf({ ...sound, ...place })).toBe('it is an event of another place')
    expect(damageOf({ ...sound, stream: 'ludger-acme' })).toBe('its stream is none of a ledger')
  })

  it('is not looked at in the streams of the program itself', () => {
    expect(damageOf({ ...stored(event), stream: 'daybook-relay', json: '{}' })).toBeUndefined()
  })
})
