import { describeReadModels } from '#test/contracts/read-models.ts'
import { aMongoDatabase } from '#test/adapters/mongodb/database.ts'
import { describeWith, reasonToSkip } from '#test/support/servers/describe-with.ts'

/** The stand-in sorts by UTF-16. */
const ordersByCodePoints = reasonToSkip(['mongodb-real']) === undefined

describeWith(['mongodb'], 'read models on MongoDB', (servers) => {
  describeReadModels('MongoDB', () => aMongoDatabase(servers), { ordersByCodePoints })
})
