import { describe, expect, it } from 'vitest'
import { groups } from '#bench/groups.ts'
import { markdownOf } from '#bench/report/markdown.ts'
import { machine, met, missed, result, results } from '#test/bench/example-results.ts'

const page = markdownOf(results)

describe('the page of the benchmarks', () => {
  it('says of a figure what was measured, its limit, its target and whether it is met', () => {
    expect(cellsOf('`single`: durable commands')).toEqual([
      '13,000 requests/s',
      '20,000 requests/s: bare Express',
      '0.65',
      '≥ 0.60 × the limit',
      'met',
    ])
    expect(cellsOf('`visible-p99`: p99 & the rest')).toEqual([
      '80.0 ms',
      '',
      '',
      '≤ 50 ms',
      'not met',
    ])
  })

  it('has a section and a command for every group', () => {
    for (const { name, title, how } of groups) {
      expect(page).toContain(`## ${title}\n\n${how}\n`)
      expect(page).toContain(`Again: \`npm run bench -- ${name}\`\n`)
    }
  })

  it('has the settings in the command where they are not the default ones', () => {
    const settings = { seconds: 1, rounds: 2, events: 1_000, long: true }
    const short = markdownOf({ version: 1, groups: { single: result([met], { settings }) } })
    const set = 'BENCH_SECONDS=1 BENCH_ROUNDS=2 BENCH_EVENTS=1000 BENCH_LONG=1'
    expect(short).toContain(`Again: \`${set} npm run bench -- single\``)
  })

  it('has all of it again by one command, or by one for each of the settings', () => {
    const all = { seconds: 3, rounds: 2, long: false }
    const long = { ...all, long: true }
    const pageOf = (...settings: (typeof all)[]) =>
      markdownOf({
        version: 1,
        groups: Object.fromEntries(
          settings.map((each, index) => [groups[index]?.name, result([met], { settings: each })]),
        ),
      })
    expect(page).toContain('Everything again, with this page: `npm run bench -- --write`.\nOne')
    const set = 'BENCH_SECONDS=3 BENCH_ROUNDS=2'
    expect(pageOf(all, long)).toContain(
      `this page: \`${set} BENCH_LONG=1 npm run bench -- --write\`.\nThe largest ledgers take`,
    )
    expect(pageOf(all, { ...all, rounds: 1 }, all)).toContain(
      `this page: \`${set} npm run bench -- single spread --write\`, then \`BENCH_SECONDS=3 BENCH_ROUNDS=1 npm run bench -- batches --write\`.\nOne`,
    )
  })

  it('says when and on what it was measured', () => {
    expect(page).toContain('2026-01-02, 3 rounds of 5 s, fsync 0.4 ms.')
    expect(page).toContain('2 × Example 3000, 8 GiB, Linux 6.1, Node 24.15.0, SQLite 3.51.3.')
  })

  it('says what could not be measured and what was not', () => {
    expect(page).toContain('Not measured: no Kafka: no Java.')
    expect(page).toContain('Not measured yet.')
  })

  it('names the groups of each machine where there are several', () => {
    const other = { machine: { ...machine, cpu: 'Other 1' } }
    const mixed = markdownOf({
      version: 1,
      groups: { single: result([met]), visible: result([missed], other) },
    })
    expect(mixed).toMatch(/Example 3000.*: `single`\./)
    expect(mixed).toMatch(/Other 1.*: `visible`\./)
  })
})

function cellsOf(first: string): readonly string[] | undefined {
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  return rows.find(([, cell]) => cell === first)?.slice(2, -1)
}
