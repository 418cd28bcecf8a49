import { describeReadModels } from '#test/contracts/read-models.ts'
import { openMemoryReadModels } from '#test/support/memory-read-models.ts'

describeReadModels('memory', async () => {
  const models = openMemoryReadModels()
  return {
    openReadModels: async () => models,
    openWriter: async () => models,
    async [Symbol.asyncDispose]() {},
  }
})
