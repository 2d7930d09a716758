import type { Transport, TransportEvents } from '../src/transport/transport.ts';
import { PREFACE } from '../src/wire/preface.ts';
import type { Side } from './agenda.ts';
import { cut, type Distort, type LinkStyle } from './link-style.ts';
import { Pipe } from './pipe.ts';
import type { Stage } from './stage.ts';

/** From here on a stream tells when its queue has emptied, as Node has it. */
const HIGH_WATER = 16 * 1024;

const GARBAGE = 0xc1;

/** Who sees what one end sends and gets. */
export interface Onlooker {
  sent(bytes: Uint8Array): void;
  /** Before the end itself is told. */
  got(bytes: Buffer): void;
  ended(): void;
  heardTheEnd(): void;
}

/** One end of the link: the transport that a peer is given. It does what a Unix socket does through Node. */
export class End implements Transport {
  readonly #stage: Stage;
  readonly #side: Side;
  readonly #style: LinkStyle;
  readonly #closed: () => void;
  #events: TransportEvents | undefined = undefined;
  #other!: End;
  readonly #in = new Pipe();
  /** What this end has written into is what the other reads from. */
  #out!: Pipe;
  #reading = false;
  #delivering = false;
  #full = false;
  #sentEnd = false;
  #muted = false;
  #gotEnd = false;
  #released = false;
  #read = 0;
  /** The bytes that cannot leave any more. */
  #lost = 0;
  closed = false;
  held = false;
  #onlooker: Onlooker | undefined = undefined;
  distort: Distort = (bytes) => [bytes];

  constructor(stage: Stage, side: Side, style: LinkStyle, closed: () => void) {
    this.#stage = stage;
    this.#side = side;
    this.#style = style;
    this.#closed = closed;
  }

  static join(a: End, b: End): void {
    a.#other = b;
    b.#other = a;
    a.#out = b.#in;
    b.#out = a.#in;
  }

  listen(onlooker: Onlooker): void {
    this.#onlooker = onlooker;
  }

  get queued(): number {
    return (Math.max(0, this.#out.length - this.#style.capacity) + this.#lost) * this.#style.weight;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    if (this.closed) this.#stage.agenda.after(0, this.#side, () => events.closed());
    this.#readSoon();
  }

  send(bytes: Uint8Array): void {
    if (this.#sentEnd) return this.#broke('endIsLast', 'sent bytes after it had ended the transport');
    if (this.closed) return this.#broke('endIsLast', 'sent bytes after the transport was closed');
    if (this.#delivering) return this.#broke('noWriteInRead', 'sent bytes while it was being told something');
    if (this.#muted) return;
    this.#onlooker?.sent(bytes);
    if (this.#other.#released) {
      this.#lost += bytes.length;
      return this.#pipeBreaks();
    }
    this.#out.push(bytes);
    if (this.queued >= HIGH_WATER) this.#full = true;
    this.#other.#readSoon();
  }

  end(): void {
    this.#stage.note(() => `${this.#side}: ends`);
    this.#sentEnd = true;
    this.#onlooker?.ended();
    this.#finishWriting();
  }

  /** Ends this side although its peer goes on sending, which nobody hears. */
  mute(): void {
    this.#muted = true;
    this.#onlooker?.ended();
    this.#finishWriting();
  }

  destroy(): void {
    this.#stage.note(() => `${this.#side}: destroys`);
    if (this.closed) return;
    this.#release();
    this.#stage.agenda.after(0, this.#side, () => this.close());
  }

  hold(held: boolean): void {
    this.held = held;
  }

  /** The connection is over at this end. */
  close(error?: Error): void {
    if (this.closed) return;
    this.#stage.note(() => `${this.#side}: closed${error === undefined ? '' : `: ${error.message}`}`);
    this.#release();
    this.closed = true;
    this.#closed();
    this.#tell((events) => events.closed(error));
  }

  #finishWriting(): void {
    if (this.#out.tail === 'open') this.#out.tail = 'end';
    this.#other.#readSoon();
    this.#closeIfOver();
  }

  /** Lets go of both directions: what is in this process is lost, what the kernel has still comes. */
  #release(): void {
    if (this.#released) return;
    this.#released = true;
    // What the other's kernel had not taken can be written no more.
    if (this.#other.queued > 0) this.#other.#pipeBreaks();
    if (this.#out.tail === 'open') this.#out.tail = this.#in.length > 0 ? 'reset' : 'end';
    this.#out.cut(this.#style.capacity);
    this.#in.cut(0);
    this.#other.#readSoon();
  }

  #pipeBreaks(): void {
    this.#stage.agenda.after(0, this.#side, () => this.close(new Error('write EPIPE')));
  }

  #readSoon(): void {
    const idle = this.#in.length === 0 && this.#in.tail === 'open';
    if (this.#events === undefined || this.#reading || this.#gotEnd || this.#released || idle) return;
    this.#reading = true;
    const { agenda, random } = this.#stage;
    const { latency, stalls, stallTime } = this.#style;
    const wait = random.chance(stalls) ? random.time(stallTime) : random.time(latency);
    agenda.after(wait, this.#side, () => {
      this.#reading = false;
      if (this.#released) return;
      this.#readNow();
      this.#readSoon();
    });
  }

  #readNow(): void {
    if (this.#in.length > 0) {
      const bytes = this.#in.take(cut(this.#stage.random, this.#style, this.#in.length));
      this.#other.#wasRead();
      for (const piece of this.distort(bytes)) this.#deliver(piece);
    } else if (this.#in.tail === 'end') {
      this.#stage.note(() => `${this.#side}: hears the end`);
      this.#gotEnd = true;
      this.#onlooker?.heardTheEnd();
      this.#tell((events) => events.ended());
      this.#closeIfOver();
    } else this.close(new Error('read ECONNRESET'));
  }

  #deliver(bytes: Buffer): void {
    this.#stage.note(() => `${this.#side}: reads ${bytes.length} bytes`);
    this.#onlooker?.got(bytes);
    this.#tell((events) => events.data(bytes));
    // The handshake keeps the first bytes until it knows who speaks.
    if (this.#style.reuses && this.#read >= PREFACE.dialer.length) bytes.fill(GARBAGE);
    this.#read += bytes.length;
  }

  /** The other end has read something of what this one sent. */
  #wasRead(): void {
    if (this.closed || this.queued > 0) return;
    this.#closeIfOver();
    if (!this.#full || this.#sentEnd || this.#muted) return;
    this.#full = false;
    this.#stage.agenda.after(0, this.#side, () => {
      if (!this.#released) this.#tell((events) => events.drained());
    });
  }

  #closeIfOver(): void {
    if (!this.#gotEnd || !(this.#sentEnd || this.#muted) || this.queued > 0) return;
    this.#stage.agenda.after(0, this.#side, () => this.close());
  }

  #tell(what: (events: TransportEvents) => void): void {
    if (this.#events === undefined) return;
    this.#delivering = true;
    try {
      what(this.#events);
    } finally {
      this.#delivering = false;
    }
  }

  #broke(name: string, what: string): void {
    this.#stage.broke(`${name}: side ${this.#side} ${what}`);
  }
}
