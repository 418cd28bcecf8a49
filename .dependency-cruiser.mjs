import { builtinModules } from 'node:module'

/** The pure core: data in, data out. The handler and the projection runtime are shells. */
const pure = ['values', 'events', 'ledger', 'commands/(?!handler/)', 'projections/(?!runtime/)']
const [values, events, ledger, commands, projections] = pure
const handler = 'commands/handler'
const runtime = 'projections/runtime'

const crypto = 'crypto'
const timers = 'timers|timers/promises'
const serving = 'http|stream|stream/promises|events|buffer|util'
/** Every `node:` module but the database, which one adapter owns. */
const anyNode = builtinModules
  .map((name) => name.replace(/^node:/, ''))
  .filter((name) => name !== 'sqlite')
  .join('|')

const express =
  'express|@types/express|@types/express-serve-static-core|helmet|cors|compression|body-parser'

/**
 * Who may import whom: a folder may import itself, the
 * folders of `ours`, the packages of `packages` and the `node:` modules of `node`; nothing else.
 */
const table = [
  { folder: values, ours: [] },
  { folder: events, ours: [values], packages: 'zod', node: crypto },
  { folder: ledger, ours: [values, events] },
  { folder: commands, ours: [values, events, ledger], packages: 'zod' },
  { folder: projections, ours: [values, events] },
  { folder: 'ports', ours: [values, events] },
  // No timers in these two: what they wait for is `ports/pace.ts`, which the tests of interleavings hold.
  { folder: handler, ours: [...pure, 'ports'], node: crypto },
  { folder: runtime, ours: [...pure, 'ports'] },
  { folder: 'relay', ours: [...pure, 'ports'], node: `${crypto}|${timers}` },
  { folder: 'audit', ours: [...pure, 'ports'], node: `${crypto}|${timers}` },
  { folder: 'queries', ours: [values, projections, 'ports'], packages: 'zod' },
  { folder: 'security', ours: [values, 'ports'], packages: 'jose', node: crypto },
  {
    folder: 'http',
    ours: [values, commands, handler, 'queries', 'audit', 'security', 'ports'],
    packages: `${express}|zod`,
    node: serving,
  },
  { folder: 'cli', ours: ['(?!adapters/|http/)'], node: anyNode },
  { folder: 'console', ours: [] },
  // The parts list: knows everything.
  { folder: 'compose', ours: ['(?=)'], node: anyNode },
  ...Object.entries({
    sqlite: { node: `${anyNode}|sqlite` },
    log: {},
    eventstoredb: { packages: '@eventstore/db-client|@kurrent/kurrentdb-client' },
    kafka: { packages: 'kafkajs' },
    mongodb: { packages: 'mongodb' },
    system: { packages: 'pino|pino-pretty' },
    memory: {},
  }).map(([name, own]) => ({
    folder: `adapters/${name}`,
    ours: [values, events, 'ports'],
    node: anyNode,
    ...own,
  })),
]

/** A folder's path up to and including its last slash; a lookahead already brings its own. */
const under = (folder) => `^src/${folder}${folder.endsWith(')') ? '' : '/'}`
const nameOf = (folder) => folder.replace(/\/\(.*$/, '').replaceAll('/', '-')

const ourFolders = '^(src|test|bench|examples|tools|bin)/'

function rulesFor({ folder, ours, packages, node }) {
  const from = { path: under(folder) }
  const allowed = [
    ...(packages ? [`(^|/)node_modules/(${packages})/`] : []),
    ...(node ? [`^(node:)?(${node})$`] : []),
  ]
  return [
    {
      name: `${nameOf(folder)}-imports`,
      comment: `${folder} may import of ours: itself${ours.map((other) => `, ${other}`).join('')}`,
      severity: 'error',
      from,
      to: { path: ourFolders, pathNot: [folder, ...ours].map(under) },
    },
    {
      name: `${nameOf(folder)}-packages`,
      comment: `${folder} may use: ${[packages, node === anyNode ? 'node:*' : node].filter(Boolean).join(', ') || 'no package'}`,
      severity: 'error',
      from,
      to: { pathNot: [ourFolders, ...allowed] },
    },
  ]
}

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-test-imports',
      comment: 'what runs in production knows nothing of tests, benchmarks, examples or tools',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|examples|tools|bin)/' },
    },
    {
      name: 'folder-in-the-table',
      comment: 'a new folder under src gets its line in the table first',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: table.map(({ folder }) => under(folder)) },
      to: {},
    },
    ...table.flatMap(rulesFor),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
}
