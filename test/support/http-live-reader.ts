/** One event of a live log, as it came. */
export type LiveEvent = { readonly id: string; readonly event: string; readonly data: string }

/** A reader of a live log that remembers what it was sent. */
export type LiveReader = AsyncDisposable & {
  readonly response: Response
  readonly events: readonly LiveEvent[]
  readonly comments: readonly string[]
  /** Resolves once it has been sent that many events. */
  count(events: number): Promise<readonly LiveEvent[]>
  /** Resolves when the server ends it or the connection breaks. */
  readonly ended: Promise<unknown>
}

export async function readLive(
  url: string,
  headers: Record<string, string> = {},
): Promise<LiveReader> {
  const leaving = new AbortController()
  const accept = 'text/event-stream'
  const response = await fetch(url, { headers: { accept, ...headers }, signal: leaving.signal })
  const [events, comments]: [LiveEvent[], string[]] = [[], []]
  const told = new EventTarget()
  const consume = async () => {
    let rest = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks)
        if (block.startsWith(':')) comments.push(block)
        else events.push(eventIn(block))
      told.dispatchEvent(new Event('more'))
    }
  }
  const ended = consume().catch((error: unknown) => error)
  return {
    response,
    events,
    comments,
    ended,
    async count(wanted) {
      while (events.length < wanted)
        await new Promise((resolve) => {
          told.addEventListener('more', resolve, { once: true })
        })
      return events
    },
    async [Symbol.asyncDispose]() {
      leaving.abort()
      await ended
    },
  }
}

function eventIn(block: string): LiveEvent {
  const fields = new Map(
    block.split('\n').map((line) => {
      const [name = '', ...value] = line.split(': ')
      return [name, value.join(': ')]
    }),
  )
  const field = (name: string) => fields.get(name) ?? ''
  return { id: field('id'), event: field('event'), data: field('data') }
}
