import { Metadata, type ServiceError, status } from '@grpc/grpc-js'

/** What goes wrong with one append. `lost`: every connection drops before the answer; `stored`: after storing it. */
export type AppendFault =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'lost' | 'silent'; readonly stored: boolean }
  | { readonly kind: 'slow'; readonly ms: number }

export type Refusal = keyof typeof refusals

const refusals = {
  'not-ready': { code: status.UNAVAILABLE, details: 'Server Is Not Ready', exception: '' },
  'not-leader': {
    code: status.NOT_FOUND,
    details: 'Leader info available',
    exception: 'not-leader',
  },
  'access-denied': {
    code: status.PERMISSION_DENIED,
    details: 'Access Denied',
    exception: 'access-denied',
  },
  'timed-out': { code: status.ABORTED, details: 'Operation timed out', exception: '' },
  'stream-deleted': {
    code: status.FAILED_PRECONDITION,
    details: 'Event stream is deleted.',
    exception: 'stream-deleted',
  },
  'too-large': {
    code: status.INVALID_ARGUMENT,
    details: 'Maximum Append Size of 1 Exceeded.',
    exception: 'maximum-append-size-exceeded',
  },
  'wrong-version': {
    code: status.FAILED_PRECONDITION,
    details: 'Append failed due to WrongExpectedVersion.',
    exception: 'wrong-expected-version',
  },
  unknown: { code: status.UNKNOWN, details: 'Unexpected OperationResult', exception: '' },
} as const

/** An error as the server sends it: status, and trailers that the client makes its own errors of. */
export function refused(refusal: Refusal, leaderPort = 0): ServiceError {
  const { code, details, exception } = refusals[refusal]
  const metadata = new Metadata()
  if (exception !== '') metadata.set('exception', exception)
  if (exception === 'not-leader') {
    metadata.set('leader-endpoint-host', '127.0.0.1')
    metadata.set('leader-endpoint-port', `${leaderPort}`)
  }
  metadata.set('stream-name', 'a stream')
  if (exception === 'wrong-expected-version') metadata.set('expected-version', '-1')
  if (exception === 'maximum-append-size-exceeded') metadata.set('maximum-append-size', '1')
  return Object.assign(new Error(details), { code, details, metadata })
}
