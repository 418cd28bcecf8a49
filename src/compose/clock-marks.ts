import { join } from 'node:path'
import { openClockMarks } from '#adapters/system/clock-marks.ts'
import type { Config } from '#config.ts'
import type { ClockMarks } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'

const fileName = 'clock.json'

/** Where processes on one data folder tell each other when the clock was believed. */
export function openMarksOf({ dataFolder }: Config, logger: Logger): Promise<ClockMarks> {
  return openClockMarks(join(dataFolder, fileName), logger)
}
