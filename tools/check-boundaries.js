/**
 * Checks who imports whom. dependency-cruiser exits 0 when it can't read TypeScript at all, so this
 * also fails when a source file on disk was not among the files it read.
 */
import { globSync } from 'node:fs'
import process from 'node:process'
import { cruise, format } from 'dependency-cruiser'
import config from '../.dependency-cruiser.mjs'

const folders = ['src', 'test', 'bench', 'examples']
const files = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`))
const ruleSet = { forbidden: config.forbidden }

if (files.length === 0) fail(`no TypeScript files under ${folders.join(', ')}`)

const { output: found } = await cruise(files, { ...config.options, validate: true, ruleSet })
const read = new Set(found.modules.map((module) => module.source))
const unread = files.filter((file) => !read.has(file))
const imports = found.modules
  .filter(({ source }) => files.includes(source))
  .reduce((sum, { dependencies }) => sum + dependencies.length, 0)

if (unread.length > 0) fail(`files that were not read: ${unread.join(', ')}`)
if (imports === 0) fail('no import was found in any file: TypeScript is not being parsed')

// It warns that it can't use this TypeScript; @swc/core parses for it, as was checked above.
found.summary.environment.issues = []

const report = await format(found, { outputType: 'err-long' })
console.log(report.output.trim())
console.log(`boundaries: ${files.length} files, ${imports} imports`)
process.exitCode = report.exitCode === 0 ? 0 : 1

function fail(reason) {
  console.error(`boundaries: ${reason}`)
  process.exit(1)
}
