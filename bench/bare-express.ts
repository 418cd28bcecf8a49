import express from 'express'
import { z } from 'zod'

/**
 * The limit of single commands: Express parses the same body, zod checks the same shape, the answer is a constant. And
 * of reads: the answer is the argument.
 */

const posting = z.strictObject({
  debit: z.string(),
  credit: z.string(),
  asset: z.string(),
  amount: z.string().regex(/^[1-9][0-9]{0,30}$/),
})
const body = z.strictObject({ postings: z.array(posting).min(1).max(500) })
const answer = JSON.stringify({ data: 'x'.repeat(600) })

const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.use(express.json())
app.post('/v1/ledgers/:ledgerId/transactions', (request, response) => {
  if (!body.safeParse(request.body).success) response.status(400)
  response.writeHead(201, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(answer),
  })
  response.end(answer)
})
const [, , read = ''] = process.argv
const readBytes = Buffer.byteLength(read)
app.get('/v1/ledgers/:ledgerId/accounts/:accountId/:what', (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': readBytes })
  response.end(read)
})
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.stdout.write(`listening on http://127.0.0.1:${port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
