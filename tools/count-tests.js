/**
 * Prints the counts of a vitest JSON report: `N passed, N failed[, N skipped]`, and above it the
 * name of every test that failed. A file that never got to its tests counts as one failure, and
 * so does a run that ended badly (the second argument: its exit code) without naming a culprit.
 * Exits 1 on any failure, on a report that can't be read, and when nothing passed.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'

const [path = '', exitCode = '0'] = process.argv.slice(2)
const files = readReport()
const tests = files.flatMap((file) => file.assertionResults)

const passed = tests.filter((test) => test.status === 'passed').length
const failures = [
  ...tests.filter((test) => test.status === 'failed').map((test) => test.fullName),
  ...files.filter(brokeOutsideItsTests).map((file) => file.name),
]
const skipped = tests.length - passed - tests.filter((test) => test.status === 'failed').length

if (failures.length === 0 && exitCode !== '0') failures.push('the run itself, outside any test')

for (const failure of failures) console.log(`failed: ${failure}`)
console.log(
  `${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
)
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0

function readReport() {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults
  } catch {
    return [{ status: 'failed', name: 'the run left no report', assertionResults: [] }]
  }
}

function brokeOutsideItsTests(file) {
  return file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')
}
