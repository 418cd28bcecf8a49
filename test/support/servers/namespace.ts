import { randomBytes } from 'node:crypto'

/** A name that no other test has, to begin those of topics, databases and streams with: `t-1f0c96ab`. */
export function aNamespace(): string {
  return `t-${randomBytes(4).toString('hex')}`
}
