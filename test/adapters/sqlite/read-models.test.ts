import { aReadModelFile } from '#test/adapters/sqlite/read-models-file.ts'
import { describeReadModels } from '#test/contracts/read-models.ts'

describeReadModels('SQLite', aReadModelFile)
