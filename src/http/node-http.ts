/**
 * Node's HTTP server. An import of `node:http` asks for every export, and so also loads the client behind `fetch`, which
 * the program has no use for: that is a tenth of the time that it takes to start.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http')
