import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

/** How the name of every server's folder begins. */
export const folderPrefix = 'daybook-server-'

type Owner = {
  /** Pid of the process that started the server. */
  readonly owner: number
  /** Pid of the server; 0 before it runs. */
  readonly server: number
}

/** Notes whose server works in a folder. */
export function writeOwner(folder: string, owner: Owner): void {
  writeFileSync(join(folder, 'owner.json'), JSON.stringify(owner))
}

/**
 * Ends servers whose owner was killed before it could end them, and removes their folders. Touches no process
 * whose command line doesn't name such a folder, and no folder whose owner lives.
 */
export function endLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(folderPrefix))) {
    const folder = join(tmpdir(), name)
    const found = ownerOf(folder)
    if (found === undefined || isAlive(found.owner)) continue
    if (isAlive(found.server) && commandOf(found.server).includes(folder))
      process.kill(found.server, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Undefined where it is another user's, or was made just now. */
function ownerOf(folder: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8'))
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return commandByPs(pid)
  }
}

function commandByPs(pid: number): string {
  try {
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}
