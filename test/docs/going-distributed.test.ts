import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { expect, it } from 'vitest'
import { playTour, tourSteps } from '../../examples/tour.ts'
import { parseConfig } from '#config.ts'
import { clusterSettings } from '#test/support/cluster-settings.ts'
import { openCluster } from '#test/support/cluster.ts'
import { describeWith } from '#test/support/servers/describe-with.ts'

const guides = join(import.meta.dirname, '../../docs/guides')
const guide = readFileSync(join(guides, 'going-distributed.md'), 'utf8')
const playMsMax = 120_000

describeWith(
  ['eventstoredb', 'kafka', 'mongodb'],
  'the guide to the distributed engine',
  (servers) => {
    it('answers what it says, step by step', { timeout: playMsMax }, async () => {
      const size = { api: 2, relay: 1, projector: 1, sweeper: 1 }
      await using cluster = await openCluster(clusterSettings(servers), size)
      Object.assign(process.env, cluster.settings, { DAYBOOK_DATA: join(cluster.folder, 'tools') })
      const steps = tourSteps(guide).map((step) => ({
        ...step,
        commands: step.commands
          .replaceAll('http://127.0.0.1:8081', cluster.process('api', 1).url)
          .replaceAll('http://127.0.0.1:8082', cluster.process('relay').url),
      }))
      expect(steps.length).toBeGreaterThan(4)
      const { url } = cluster.process('api')
      const results = await playTour(steps, { url, ledgerId: 'not-in-the-guide' })
      expect(results.filter(({ right }) => !right)).toEqual([])
    })
  },
)

it('the guide shows settings that the program takes', () => {
  const shown = [...guide.matchAll(/^ {4}(DAYBOOK_\w+)='(.*)'$/gm)].map(([, name, value]) => [
    name,
    value,
  ])
  expect(shown.length).toBe(4)
  const { eventStore, feed, readModels } = parseConfig(Object.fromEntries(shown))
  const engines = [eventStore.engine, feed.engine, readModels.engine]
  expect(engines).toEqual(['eventstoredb', 'kafka', 'mongodb'])
})

it('the guide shows the proxy as it is', () => {
  const file = withoutSpaces(readFileSync(join(guides, '../../docker/nginx.conf'), 'utf8'))
  const [, shown = ''] = /```nginx\n([^]*?)```/.exec(guide) ?? []
  expect(shown.split('\n').length).toBeGreaterThan(8)
  for (const line of shown.split('\n')) expect(file).toContain(withoutSpaces(line))
})

function withoutSpaces(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/^ | $/g, '')
}
