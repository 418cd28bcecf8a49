import type { Logger } from '#ports/logger.ts'

type Line = { readonly level: keyof Logger; readonly fields: object; readonly message: string }

/** A logger that keeps its lines for a test to look at. */
export function recordingLogger(): { readonly logger: Logger; readonly lines: readonly Line[] } {
  const lines: Line[] = []
  const at = (level: keyof Logger) => (fields: object, message: string) => {
    lines.push({ level, fields, message })
  }
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { logger, lines }
}
