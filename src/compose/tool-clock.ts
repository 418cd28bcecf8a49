import { systemClock } from '#adapters/system/clock.ts'
import type { Clock } from '#ports/clock.ts'

/** The clock of the tools, which know no adapters. */
export const toolClock: Clock = systemClock
