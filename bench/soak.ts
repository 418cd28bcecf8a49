import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { print } from '#bench/print.ts'

/**
 * A thousand ledgers used at random for ten minutes: does the server's memory stay where it is? Prints a line every
 * `sampleSeconds`, and in the end the resident memory of the last fifth beside that of the second fifth.
 */

const minutes = Number(process.env['BENCH_SOAK_MINUTES'] ?? 10)
const ledgers = Number(process.env['BENCH_SOAK_LEDGERS'] ?? 1_000)
const perSecond = Number(process.env['BENCH_SOAK_PER_SECOND'] ?? 500)
const sampleSeconds = 10
const clients = 16
const growthMax = 1.1

type Sample = { readonly seconds: number; readonly rssMiB: number; readonly answered: number }

async function soak(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-soak-'))
  const child = spawn(process.execPath, [pathOf('src/main.ts'), 'start'], {
    env: {
      ...process.env,
      DAYBOOK_DATA: folder,
      DAYBOOK_PORT: '0',
      DAYBOOK_LOG_FORMAT: 'json',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const url = await listeningUrl(child)
    const agent = new Agent({ keepAlive: true, maxSockets: clients })
    await openLedgers(url, agent)
    const samples = await use({ url, agent, pid: child.pid ?? 0 })
    agent.destroy()
    return judge(samples)
  } finally {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
    rmSync(folder, { recursive: true, force: true })
  }
}

async function openLedgers(url: string, agent: Agent): Promise<void> {
  const open = async (index: number) => {
    const ledger = nameOf(index)
    await post(agent, `${url}/v1/ledgers`, {
      ledgerId: ledger,
      name: ledger,
      assets: [{ asset: 'USD/2' }],
    })
    for (const [accountId, type] of [
      ['bank:cash', 'asset'],
      ['users:alice', 'liability'],
    ] as const)
      await post(agent, `${url}/v1/ledgers/${ledger}/accounts`, { accountId, type })
  }
  const indexes = Array.from({ length: ledgers }, (_, index) => index)
  while (indexes.length > 0) await Promise.all(indexes.splice(0, clients).map(open))
}

async function use(of: { url: string; agent: Agent; pid: number }): Promise<readonly Sample[]> {
  const begun = performance.now()
  const elapsed = () => (performance.now() - begun) / 1000
  const samples: Sample[] = []
  let answered = 0
  const client = async () => {
    while (elapsed() < minutes * 60) {
      const due = (answered + clients) / perSecond
      const ahead = due - elapsed()
      if (ahead > 0) await sleep(ahead * 1000)
      const ledger = nameOf(Math.floor(Math.random() * ledgers))
      await post(of.agent, `${of.url}/v1/ledgers/${ledger}/transactions`, transaction)
      answered += 1
    }
  }
  const sampler = async () => {
    while (elapsed() < minutes * 60) {
      await sleep(sampleSeconds * 1000)
      const sample = { seconds: elapsed(), rssMiB: rssMiB(of.pid), answered }
      samples.push(sample)
      print(`${Math.round(sample.seconds)} s, ${sample.rssMiB} MiB, ${answered} commands`)
    }
  }
  await Promise.all([sampler(), ...Array.from({ length: clients }, client)])
  return samples
}

const transaction = {
  postings: [{ debit: 'bank:cash', credit: 'users:alice', asset: 'USD/2', amount: '1' }],
}

function judge(samples: readonly Sample[]): boolean {
  const fifth = Math.max(1, Math.floor(samples.length / 5))
  const early = median(samples.slice(fifth, 2 * fifth).map(({ rssMiB: rss }) => rss))
  const late = median(samples.slice(-fifth).map(({ rssMiB: rss }) => rss))
  const ratio = late / early
  const verdict = ratio <= growthMax ? 'flat' : 'it grows'
  print(`second fifth ${early} MiB, last fifth ${late} MiB: ratio ${ratio.toFixed(2)}, ${verdict}`)
  return ratio <= growthMax
}

let keys = 0

function post(agent: Agent, url: string, body: object): Promise<void> {
  keys += 1
  const text = JSON.stringify(body)
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'idempotency-key': `soak-${keys}`,
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.once('end', () =>
        response.statusCode === 201 ? resolve() : reject(new Error(`${response.statusCode}`)),
      )
    })
    sent.once('error', reject)
    sent.end(text)
  })
}

function rssMiB(pid: number): number {
  const kiB = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kiB ?? 0) / 1024)
}

function nameOf(index: number): string {
  return `soak-${index}`
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(`../${script}`, import.meta.url))
}

async function listeningUrl({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the server has no output')
  for await (const line of createInterface(stdout)) {
    const url = /listening on (http:[^"\s]+)/.exec(line)?.[1]
    if (url === undefined) continue
    stdout.resume()
    return url
  }
  throw new Error('the server ended before it listened')
}

process.exit((await soak()) ? 0 : 1)
