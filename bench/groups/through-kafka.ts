import { type Measured, measuredSchema } from '#bench/figure.ts'
import { run } from '#bench/processes.ts'
import type { Settings } from '#bench/settings.ts'

const eventsByDefault = 100_000

let throughput: Promise<Measured> | undefined

/** From the log to the broker. Measured together with `measureProjector`, once in a run. */
export async function measureRelay(settings: Settings): Promise<Measured> {
  return only('relay', await throughputOf(settings))
}

/** From the broker to the read models. */
export async function measureProjector(settings: Settings): Promise<Measured> {
  return only('projector', await throughputOf(settings))
}

/** From a command's answer through the broker to a balance. */
export async function measureVisible(settings: Settings): Promise<Measured> {
  return measured('visible', settings)
}

function throughputOf(settings: Settings): Promise<Measured> {
  throughput ??= measured('throughput', settings)
  return throughput
}

function only(name: string, all: Measured): Measured {
  return 'unavailable' in all ? all : all.filter((figure) => figure.name === name)
}

async function measured(
  ask: 'throughput' | 'visible',
  { seconds, events = eventsByDefault }: Settings,
): Promise<Measured> {
  const printed = await run('bench/distributed.ts', [JSON.stringify({ ask, seconds, events })])
  return measuredSchema.parse(JSON.parse(printed))
}
