/**
 * Prints the counts of a vitest JSON report: `N passed, N failed[, N skipped]`, and above it the
 * name of every test that failed. A file that never got to its tests counts as one failure.
 * Exits 1 on any failure, on a report that can't be read, and when nothing passed.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'

const [path = ''] = process.argv.slice(2)
const files = readReport()
const tests = files.flatMap((file) => file.assertionResults)

const passed = tests.filter((test) => test.status === 'passed').length
const failures = [
  ...tests.filter((test) => test.status === 'failed').map((test) => test.fullName),
  ...files.filter(brokeOutsideItsTests).map((file) => file.name),
]
const skipped = tests.length - passed - tests.filter((test) => test.status === 'failed').length

for (const failure of failures) console.log(`failed: ${failure}`)
const failed = files.length === 0 ? 1 : failures.length
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

function readReport() {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults
  } catch {
    console.log('failed: the test run left no report')
    return []
  }
}

function brokeOutsideItsTests(file) {
  return file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')
}
