import process from 'node:process'

const barWidth = 24
const redrawMs = 100
const plainLineMs = 5_000

/** Shows how far long work has come: a bar on a terminal, otherwise a line now and then; always on stderr. */
export type Progress = Disposable & {
  /** `done` of what `total` said; `note` is what else to show. */
  show(done: number, note: string): void
  /** Writes a line of its own, above the bar. */
  line(text: string): void
}

/** `total` 0 means that it is not known. */
export function openProgress(label: string, total: number): Progress {
  return process.stderr.isTTY ? terminalBar(label, total) : plainLines(label, total)
}

function terminalBar(label: string, total: number): Progress {
  let drawnAt = 0
  return {
    show(done, note) {
      if (Date.now() - drawnAt < redrawMs) return
      drawnAt = Date.now()
      const filled = total === 0 ? 0 : Math.round((barWidth * Math.min(done, total)) / total)
      const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`
      clearLine()
      process.stderr.write(`${label} ${bar} ${percent(done, total)} ${note}`)
    },
    line(text) {
      clearLine()
      drawnAt = 0
      process.stderr.write(`${text}\n`)
    },
    [Symbol.dispose]() {
      clearLine()
    },
  }
}

function clearLine(): void {
  process.stderr.write('\r\u001B[K')
}

function plainLines(label: string, total: number): Progress {
  let writtenAt = Date.now()
  return {
    show(done, note) {
      if (Date.now() - writtenAt < plainLineMs) return
      writtenAt = Date.now()
      process.stderr.write(`${label}: ${percent(done, total)} ${note}\n`)
    },
    line(text) {
      process.stderr.write(`${text}\n`)
    },
    [Symbol.dispose]() {},
  }
}

function percent(done: number, total: number): string {
  return total === 0 ? '' : `${Math.floor((100 * Math.min(done, total)) / total)} %`
}
