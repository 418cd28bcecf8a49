import { readFile, rename } from 'node:fs/promises'
import { writeWhole } from '#adapters/system/whole-file.ts'
import type { ClockMark, ClockMarks } from '#ports/clock.ts'
import type { Logger } from '#ports/logger.ts'
import { isJsonObject, type Json } from '#values/json.ts'
import { epochMsOf, formatTimestamp, parseTimestamp } from '#values/timestamps.ts'

const version = 1

/** The mark in a file. What is there and is no mark is told, and as good as none. */
export async function openClockMarks(path: string, logger: Logger): Promise<ClockMarks> {
  const read = () => readMark(path)
  const last = await read().catch((error: unknown) => {
    logger.warn({ err: error, path }, 'the mark of the clock is ignored')
    return undefined
  })
  return { last, read, write: (mark) => writeMark(path, mark) }
}

async function readMark(path: string): Promise<ClockMark | undefined> {
  try {
    return markIn(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function markIn(stored: Json): ClockMark {
  if (!isJsonObject(stored) || stored['version'] !== version)
    throw new Error('it is of another version')
  const { bootId, sinceBootMs } = stored
  const wallMs = momentIn(stored['believedAt'])
  const refusedFromMs = momentIn(stored['refusedFrom'])
  if (wallMs === undefined || typeof bootId !== 'string' || typeof sinceBootMs !== 'number')
    throw new Error('it is no mark')
  const boot = { id: bootId, sinceMs: sinceBootMs }
  return { wallMs, boot, ...(refusedFromMs !== undefined && { refusedFromMs }) }
}

function momentIn(stored: Json | undefined): number | undefined {
  const timestamp = typeof stored === 'string' ? parseTimestamp(stored) : undefined
  return timestamp === undefined ? undefined : epochMsOf(timestamp)
}

async function writeMark(path: string, { wallMs, boot, refusedFromMs }: ClockMark): Promise<void> {
  const stored = {
    version,
    believedAt: formatTimestamp(wallMs),
    bootId: boot.id,
    sinceBootMs: boot.sinceMs,
    ...(refusedFromMs !== undefined && { refusedFrom: formatTimestamp(refusedFromMs) }),
  }
  await writeWhole(path, `${JSON.stringify(stored)}\n`, rename)
}
