/** What cuts bytes into frames, as far as this needs it. */
interface Decoder {
  readonly unfinished: boolean;
  readonly cuts: number;
}

/** Who calls `expire` at a time. */
interface Waits {
  waits(until: number): void;
}

/** Where the time comes from. */
interface Ticks {
  tick(): number;
  breathe(action: () => void): void;
}

/**
 * Sees to it that a frame that has begun becomes whole in time. A read costs a comparison, and one that ends within a
 * frame the time: no frame has a timer of its own.
 */
export class FrameWatch {
  readonly #decoder: Decoder;
  readonly #limit: number;
  readonly #waits: Waits;
  readonly #ticks: Ticks;
  readonly #over: () => void;
  #cuts = 0;
  #due = 0;

  /** `limit`: in milliseconds. `over`: a frame was not whole by then. */
  constructor(decoder: Decoder, limit: number, waits: Waits, ticks: Ticks, over: () => void) {
    this.#decoder = decoder;
    this.#limit = limit;
    this.#waits = waits;
    this.#ticks = ticks;
    this.#over = over;
  }

  /** Bytes have come. */
  read(): void {
    const { cuts } = this.#decoder;
    if (cuts === this.#cuts) return;
    this.#cuts = cuts;
    this.#due = this.#ticks.tick() + this.#limit;
    this.#waits.waits(this.#due);
  }

  /** Ends what is due, and returns when the next frame is. */
  expire(now: number): number {
    const { unfinished, cuts } = this.#decoder;
    if (!unfinished) return Number.POSITIVE_INFINITY;
    if (now < this.#due) return this.#due;
    // The rest may be here already, where this process was stopped or busy: it is read before this turn is over.
    this.#ticks.breathe(() => {
      if (this.#decoder.unfinished && this.#decoder.cuts === cuts) this.#over();
    });
    return Number.POSITIVE_INFINITY;
  }
}
