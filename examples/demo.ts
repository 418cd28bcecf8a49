import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { playTour, type TourResult, tourSteps, withAnswers } from './tour.ts'

/** Plays the README's tour against a running server and says whether every answer was right; `--write` puts the answers into the README. */

const usage = `usage: npm run demo -- [--url http://127.0.0.1:8080] [--write]

Plays the five-minute tour of the README against a running server (npm start), in a ledger of its own.
`

const readmePath = new URL('../README.md', import.meta.url)

const options = {
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

async function demo(): Promise<number> {
  const values = asked()
  if (values === undefined) return 2
  if (values.help) return say(usage)
  if (!(await answers(values.url)))
    return complain(
      `nothing answers at ${values.url}: start it with \`npm start\` in another terminal\n`,
    )
  const readme = readFileSync(readmePath, 'utf8')
  const ledgerId = `demo-${randomBytes(4).toString('hex')}`
  const results = await playTour(tourSteps(readme), { url: values.url, ledgerId })
  for (const result of results) say(told(result))
  if (values.write) writeFileSync(readmePath, withAnswers(readme, results))
  const wrong = results.filter(({ right }) => !right).length
  const verdict = `${results.length} steps in ledger ${ledgerId}, ${results.length - wrong} as the README says\n`
  return wrong === 0 || values.write ? say(verdict) : complain(verdict)
}

/** Undefined where it was no question, which has been said. */
function asked() {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    complain(`demo: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return undefined
  }
}

function told({ commands, actual, right }: TourResult): string {
  return `$ ${commands.trim().replaceAll('\n', '\n  ')}\n${actual.trim()}\n${right ? '' : '✗ the README says otherwise\n'}\n`
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/live`)).ok
  } catch {
    return false
  }
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

function complain(text: string): number {
  process.stderr.write(text)
  return 1
}

process.exitCode = await demo()
