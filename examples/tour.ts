import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** One step of the tour in the README: the lines typed, and the answer shown below them. */
export type TourStep = {
  readonly commands: string
  readonly answer: string
  readonly isJson: boolean
}

/** What a step really answered, and whether that is what the README says. */
export type TourResult = TourStep & { readonly actual: string; readonly right: boolean }

const tourUrl = 'http://127.0.0.1:8080'
const step = /```sh\n([\s\S]*?)```\n\n```(json|text)\n([\s\S]*?)```/g

/** The steps between the README's `tour` markers, in order. */
export function tourSteps(readme: string): readonly TourStep[] {
  const [, tour = ''] = readme.split(/<!-- tour -->|<!-- \/tour -->/)
  return [...tour.matchAll(step)].map(([, commands = '', kind, answer = '']) => ({
    commands,
    answer,
    isJson: kind === 'json',
  }))
}

/**
 * Plays the tour in one shell against a server, in a ledger of the given name, and compares every answer; moments and
 * random ids are compared by their shape alone. Needs `bash` and `curl`.
 */
export async function playTour(
  steps: readonly TourStep[],
  { url, ledgerId }: { readonly url: string; readonly ledgerId: string },
): Promise<readonly TourResult[]> {
  const end = '--- end of step ---'
  const script = steps.map(({ commands }) => `${commands}\nprintf '%s\\n' '${end}'`).join('\n')
  const output = await shell(
    script
      .replaceAll(tourUrl, url)
      .replaceAll('ledgers/wallet', `ledgers/${ledgerId}`)
      .replaceAll('"ledgerId":"wallet"', `"ledgerId":"${ledgerId}"`),
  )
  const answers = output.split(`${end}\n`)
  return steps.map((one, index) => {
    const actual = (answers[index] ?? '').replaceAll(ledgerId, 'wallet')
    return { ...one, actual, right: comparable(one, actual) === comparable(one, one.answer) }
  })
}

/** The README with every answer replaced by the one just given. */
export function withAnswers(readme: string, results: readonly TourResult[]): string {
  let index = 0
  const [before = '', tour = '', after = ''] = readme.split(/<!-- tour -->|<!-- \/tour -->/)
  const updated = tour.replaceAll(step, (_block, commands: string, kind: string) => {
    const { actual = '', isJson = false } = results[index++] ?? {}
    const answer = isJson ? `${laidOut(actual)}\n` : actual
    return `\`\`\`sh\n${commands}\`\`\`\n\n\`\`\`${kind}\n${answer}\`\`\``
  })
  return `${before}<!-- tour -->${updated}<!-- /tour -->${after}`
}

function comparable({ isJson }: TourStep, answer: string): string {
  const text = isJson ? JSON.stringify(parsed(answer)) : answer.trim()
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (moment) =>
      moment.startsWith('2025-03') ? moment : '<moment>',
    )
    .replaceAll(/"(causationId|correlationId|requestId|writer)":"[^"]*"/g, '"$1":"<id>"')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** JSON on few lines: objects and arrays that fit on a line stay on it. */
function laidOut(text: string): string {
  return block(JSON.parse(text), '')
}

function block(value: unknown, indent: string): string {
  const flat = oneLine(value)
  if (typeof value !== 'object' || value === null || flat.length + indent.length <= 110) return flat
  const inner = `${indent}  `
  const lines = Array.isArray(value)
    ? value.map((item) => block(item, inner))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${block(item, inner)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${lines.map((line) => `${inner}${line}`).join(',\n')}\n${indent}${close}`
}

function oneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`
  const members = Object.entries(value).map(
    ([name, item]) => `${JSON.stringify(name)}: ${oneLine(item)}`,
  )
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

async function shell(script: string): Promise<string> {
  const child = spawn('bash', ['-s'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdin.end(script)
  await once(child, 'close')
  // CSV ends its lines as RFC 4180 says; this page doesn't.
  return Buffer.concat(chunks).toString().replaceAll('\r\n', '\n')
}
