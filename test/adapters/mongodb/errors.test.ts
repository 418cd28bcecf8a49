import { connect } from 'node:net'
import { once } from 'node:events'
import { MongoServerError } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { asReadModelsError } from '#adapters/mongodb/errors.ts'
import { ReadModelsUnavailable } from '#ports/read-models.ts'
import { freePort } from '#test/support/servers/free-port.ts'

describe('an error met at MongoDB', () => {
  it('is a failure that passes where it is the system’s own, as the driver lets out when it writes to a broken connection', async () => {
    const [error] = await once(connect(await freePort(), '127.0.0.1'), 'error')
    expect(error).toMatchObject({ syscall: 'connect' })
    const known = asReadModelsError(error)
    expect(known).toBeInstanceOf(ReadModelsUnavailable)
    expect(String(known)).toContain('MongoDB, with the read models, cannot be reached.')
  })

  it('stays what it is where our statement was wrong', () => {
    const bug = new MongoServerError({ message: 'unknown operator', code: 2 })
    expect(asReadModelsError(bug)).toBe(bug)
    const other = new TypeError('no')
    expect(asReadModelsError(other)).toBe(other)
  })
})
