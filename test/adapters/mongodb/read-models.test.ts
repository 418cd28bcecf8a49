import { inject } from 'vitest'
import { describeReadModels } from '#test/contracts/read-models.ts'
import { aMongoDatabase } from '#test/adapters/mongodb/database.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

/** The stand-in sorts by UTF-16. */
const ordersByCodePoints = 'by' in inject('servers').chances['mongodb-real']

describeWith(['mongodb'], 'read models on MongoDB', (servers) => {
  describeReadModels('MongoDB', () => aMongoDatabase(servers), { ordersByCodePoints })
})
