import { refused, type RequestRefused, retryAfter } from '#http/problems.ts'
import { Room } from '#http/room.ts'
import { Turns } from '#http/waiting.ts'

/** Bodies from this size on are large: reading one into commands takes milliseconds. */
const largeBytes = 64 * 1024

type IntakeParts = {
  /** Of all bodies that are on their way in. */
  readonly bytesMax: number
  /** Whether commands of so many bytes would be taken now. */
  readonly hasRoom: (bytes: number) => boolean
}

/** Where bodies come in: all of them take up no more than so much, and large ones come to be read one a turn. */
export class Intake {
  readonly #room: Room
  readonly #hasRoom: IntakeParts['hasRoom']
  readonly #turns = new Turns()

  constructor({ bytesMax, hasRoom }: IntakeParts) {
    this.#room = new Room(bytesMax)
    this.#hasRoom = hasRoom
  }

  /** Undefined where there is room for so many bytes more, which are then taken. */
  refusal(bytes: number): RequestRefused | undefined {
    return this.#room.take(bytes) ? undefined : overloaded('too many bodies are on their way in')
  }

  give(bytes: number): void {
    this.#room.give(bytes)
  }

  /**
   * When a whole body may be read: at once, or a large one in a turn of its own, so that whoever asks for little is
   * answered between two of them. Rejects for one whose commands would not be taken, which costs less than reading it.
   */
  turnFor(bytes: number): Promise<void> | undefined {
    if (bytes < largeBytes) return undefined
    return this.#admitted(this.#turns.next(), bytes)
  }

  async #admitted(myTurn: Promise<void>, bytes: number): Promise<void> {
    await myTurn
    if (!this.#hasRoom(bytes)) throw overloaded('too many commands are waiting')
  }
}

export function overloaded(detail: string): RequestRefused {
  return refused('overloaded', detail, { headers: retryAfter(1) })
}
