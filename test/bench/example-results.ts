import { type Figure, judged } from '#bench/figure.ts'
import type { GroupResult, Results } from '#bench/report/results.ts'

export const machine = {
  cpu: 'Example 3000',
  cores: 2,
  memoryGiB: 8,
  kernel: 'Linux 6.1',
  node: '24.15.0',
  sqlite: '3.51.3',
  fsyncMs: 0.4,
}

export const met: Figure = judged({
  name: 'single',
  what: 'durable commands',
  value: 13_000,
  unit: 'requests/s',
  limit: { what: 'bare Express', value: 20_000 },
  target: { of: 'ratio', atLeast: 0.6 },
})

export const missed: Figure = judged({
  name: 'visible-p99',
  what: 'p99 & the rest',
  value: 80,
  unit: 'ms',
  target: { of: 'value', atMost: 50 },
})

export function result(measured: GroupResult['measured'], given = {}): GroupResult {
  return {
    date: '2026-01-02T03:04:05.000Z',
    machine,
    settings: { seconds: 5, rounds: 3, long: false },
    measured,
    ...given,
  }
}

export const results: Results = {
  version: 1,
  groups: {
    single: result([met]),
    visible: result([missed]),
    relay: result({ unavailable: 'no Kafka: no Java' }),
  },
}
