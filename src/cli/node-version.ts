import process from 'node:process'

const oldest = { major: 24, minor: 15 }

/** @throws {Error} one sentence, when this Node is older than the oldest that Daybook runs on. */
export function refuseOldNode(version: string = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return
  throw new Error(
    `Node ${oldest.major}.${oldest.minor} or newer is needed, this is ${version}: run \`npm ci\` and start it with \`npm run daybook\`.`,
  )
}
