import type { Duplex, Readable, Writable } from 'node:stream';
import type { Credentials } from './credentials.ts';
import { hold, release } from './holding.ts';
import { lookout } from './lookout.ts';
import { credentialsOf } from './socket-credentials.ts';
import { listen } from './stream-listeners.ts';
import { type MarkedTransport, OURS, type Transport, type TransportEvents } from './transport.ts';
import { LONG_READ, Turns } from './turns.ts';

/** What a stream has that can keep its process running, or not: a socket, and most pipes. */
interface Holdable {
  ref?(): unknown;
  unref?(): unknown;
}

/** Whether a stream is being written to. Both ends of a pair that is made of streams may be here. */
let sending = false;

/** Bytes from one stream and to another, or to the same. */
class StreamTransport implements MarkedTransport {
  readonly #readable: Readable & Holdable;
  readonly #writable: Writable & Holdable;
  readonly #explain: (error: Error) => Error;
  #events: TransportEvents | undefined;
  #credentials: Credentials | undefined;
  /** How many streams are not closed. */
  #open: number;
  #error: Error | undefined;
  #corked = false;
  /** What came while something was being sent, or is left for the next turn. Made for the first, as the turns. */
  #deferred: Buffer[] | undefined = undefined;
  #turns: Turns | undefined = undefined;
  /** Whether the process is held for it; undefined before anybody has said. */
  #held: boolean | undefined = undefined;
  #gotEnd = false;
  #sentEnd = false;

  constructor(readable: Readable, writable: Writable, explain: (error: Error) => Error) {
    this.#readable = readable;
    this.#writable = writable;
    this.#explain = explain;
    this.#open = this.#isOne ? 1 : 2;
  }

  get [OURS](): true {
    return true;
  }

  get queued(): number {
    return this.#writable.writableLength;
  }

  /** Asked of the kernel when first looked at, and kept then. Two streams may come of two others. */
  get credentials(): Credentials | undefined {
    if (this.#isOne) this.#credentials ??= credentialsOf(this.#readable);
    return this.#credentials;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    const readable = this.#readable;
    listen(readable, this.#writable, this);
    // Tells of its end once only, and that has been.
    if (readable.readableEnded && !readable.closed) queueMicrotask(() => this.ended());
  }

  came(chunk: Buffer): void {
    const events = this.#events as TransportEvents;
    lookout.came(this);
    if (sending || (this.#deferred !== undefined && this.#deferred.length > 0)) this.#defer(chunk);
    else if (chunk.length < LONG_READ) events.data(chunk);
    else this.#read(chunk, events);
  }

  drained(): void {
    // It may be over by now.
    if (this.#open > 0) this.#events?.drained();
  }

  failed(error: Error): void {
    this.#error ??= this.#explain(error);
    this.destroy();
  }

  send(bytes: Uint8Array, more: boolean): void {
    if (!this.#writable.writable) return;
    const outer = sending;
    sending = true;
    if (more && !this.#corked) this.#cork(true);
    this.#writable.write(bytes);
    if (!more && this.#corked) this.#cork(false);
    sending = outer;
    if (!more) lookout.sent(this);
  }

  end(): void {
    if (!this.#writable.writable) return;
    this.#writable.end(() => {
      this.#sentEnd = true;
      this.#closeWhenOver();
    });
  }

  destroy(): void {
    this.#readable.destroy();
    this.#writable.destroy();
  }

  /** From here on the streams never keep the process running by themselves. */
  hold(held: boolean): void {
    const readable = this.#readable;
    if (this.#held === undefined) {
      readable.unref?.();
      this.#writable.unref?.();
    }
    // What cannot be held does not hold.
    const holds = held && this.#open > 0 && readable.unref !== undefined;
    if (holds && this.#held !== true) hold();
    else if (!holds && this.#held === true) release();
    this.#held = holds;
  }

  get #isOne(): boolean {
    return (this.#readable as unknown) === this.#writable;
  }

  #cork(corked: boolean): void {
    this.#corked = corked;
    if (corked) this.#writable.cork();
    else this.#writable.uncork();
  }

  /** A stream of another kind than a socket may come out at the other end while it is written to. */
  #defer(chunk: Buffer): void {
    this.#deferred ??= [];
    if (this.#deferred.length === 0) process.nextTick(() => this.#deliver());
    // A copy: a stream may read into the same memory again.
    this.#deferred.push(Buffer.from(chunk));
  }

  /** Reads what may take its time. Returns whether that was all; else the rest has its turn behind other connections. */
  #read(chunk: Buffer, events: TransportEvents): boolean {
    this.#turns ??= new Turns();
    const rest = this.#turns.read(chunk, events);
    if (rest === undefined) return true;
    this.#readable.pause();
    // A copy: a stream may read into the same memory again.
    this.#deferred ??= [];
    if (rest.length > 0) this.#deferred.unshift(Buffer.from(rest));
    setImmediate(() => this.#goOn());
    return false;
  }

  #goOn(): void {
    const deferred = this.#deferred as Buffer[];
    for (let next = deferred.shift(); next !== undefined; next = deferred.shift()) {
      if (!this.#read(next, this.#events as TransportEvents)) return;
    }
    this.#readable.resume();
  }

  #deliver(): void {
    for (const chunk of this.#deferred?.splice(0) ?? []) this.#events?.data(chunk);
  }

  ended(): void {
    this.#deliver();
    this.#gotEnd = true;
    this.#events?.ended();
    this.#closeWhenOver();
  }

  closed(stream: Readable | Writable): void {
    this.#open--;
    if (this.#open === 0) {
      lookout.gone(this);
      this.#deliver();
      this.hold(false);
      return this.#events?.closed(this.#error);
    }
    if (stream === this.#writable) {
      // What its process said last may still be on its way: Node closes a child's input as soon as it has exited.
      this.#sentEnd = true;
      this.#closeWhenOver();
    } else if (!this.#gotEnd) this.destroy();
  }

  /** Most streams close themselves then; others, such as `process.stdout`, have to be told. */
  #closeWhenOver(): void {
    if (this.#gotEnd && this.#sentEnd) this.destroy();
  }
}

/**
 * A transport over one Node stream of bytes that is read and written: a `net.Socket`, or a spare pipe of a child process.
 * From here on the stream allows half-open use, because where one side ending ends the other, the last answers are
 * lost. `explain` may put an error of the stream into better words.
 *
 * @throws TypeError for what is no such stream, and where it gives texts or objects.
 * @example
 * ```ts
 * const child = spawn(process.execPath, ['worker.js'], { stdio: ['inherit', 'inherit', 'inherit', 'pipe'] });
 * const transport = duplexTransport(child.stdio[3] as Duplex); // in the child: new Socket({ fd: 3 })
 * ```
 */
export function duplexTransport(stream: Duplex, explain: (error: Error) => Error = failed): Transport {
  checkBytes(stream);
  checkWritable(stream);
  stream.allowHalfOpen = true;
  return new StreamTransport(stream, stream, explain);
}

/**
 * A transport over two Node streams of bytes, one to read and one to write: the standard input and output of a child
 * process. In the child nothing else may write to its standard output then, `console.log` included.
 *
 * @throws TypeError for what are no such streams, and where the first gives texts or objects.
 * @example
 * ```ts
 * const child = spawn(process.execPath, ['worker.js'], { stdio: ['pipe', 'pipe', 'inherit'] });
 * const transport = streamTransport(child.stdout, child.stdin); // in the child: process.stdin, process.stdout
 * ```
 */
export function streamTransport(readable: Readable, writable: Writable): Transport {
  checkBytes(readable);
  checkWritable(writable);
  return new StreamTransport(readable, writable, failed);
}

function failed(error: Error): Error {
  return new Error(`The stream to the other side failed: ${error.message}.`, { cause: error });
}

function checkBytes(stream: Readable): void {
  if (typeof stream?.on !== 'function' || typeof stream.read !== 'function') {
    throw new TypeError('This is no stream of Node that can be read.');
  }
  if (stream.readableEncoding !== null) {
    throw new TypeError('The stream gives texts, because its encoding is set. A transport needs its bytes.');
  }
  if (stream.readableObjectMode) throw new TypeError('The stream gives objects. A transport needs a stream of bytes.');
}

function checkWritable(stream: Writable): void {
  if (typeof stream?.on !== 'function' || typeof stream.write !== 'function') {
    throw new TypeError('This is no stream of Node that can be written to.');
  }
}
