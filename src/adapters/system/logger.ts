import { isatty } from 'node:tty'
import { pino, stdSerializers } from 'pino'
import { LogOutput } from '#adapters/system/log-output.ts'
import type { Logger } from '#ports/logger.ts'

/** `fatal` is for the last line before the process ends. */
export type ProcessLogger = Logger & { fatal(fields: object, message: string): void }

export type LoggerOptions = {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Undefined: pretty on a terminal, otherwise JSON. */
  readonly format: 'json' | 'pretty' | undefined
  /** 1 or 2, written to directly, and at once unless nobody reads: also right in a worker thread, and before an exit. */
  readonly fd: 1 | 2
  /** Which thread or role of the process is speaking, where there are several. */
  readonly role?: string
}

/** Opens a logger; errors in `err`, `error` and `reason` are written with their causes. */
export async function openLogger({
  level,
  format,
  fd,
  role,
}: LoggerOptions): Promise<ProcessLogger> {
  const options = {
    level,
    base: role === undefined ? null : { role },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serialized, error: serialized, reason: serialized },
  }
  const out = new LogOutput(fd, (count) =>
    logger.error({ count }, 'log lines are lost: nobody read them'),
  )
  const isPretty = format === undefined ? isatty(fd) : format === 'pretty'
  const prettify = isPretty ? await openPrettifier(isatty(fd)) : undefined
  const lines = prettify && { write: (line: string) => out.write(prettify(JSON.parse(line))) }
  const logger: ProcessLogger = pino(options, lines ?? out)
  return logger
}

/** Loaded only where it is wanted. For this thread and at once, unlike pino's own transports. */
async function openPrettifier(colorize: boolean): Promise<(line: object) => string> {
  const { prettyFactory } = await import('pino-pretty')
  return prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' })
}

function serialized(value: unknown): unknown {
  return value instanceof Error ? stdSerializers.errWithCause(value) : value
}
