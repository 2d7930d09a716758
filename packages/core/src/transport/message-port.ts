import { types } from 'node:util';
import type { MessagePort } from 'node:worker_threads';
import type { Transport, TransportEvents } from './transport.ts';

/** How many bytes may have been taken before the other thread is told so at once; otherwise once a turn. */
const TELL_AT_ONCE = 65_536;

/** In front of the bytes of a message: how many bytes of the other thread's have been taken since it was last told. */
const COUNT_BYTES = 4;

/**
 * Bytes between two threads. There are three messages: a `Uint8Array` of a count and bytes, a number that is a count
 * alone, and `null` for the end of a side. Whatever else comes ends the connection.
 */
class MessagePortTransport implements Transport {
  readonly #port: MessagePort & { hasRef?(): boolean };
  #events: TransportEvents | undefined;
  /** What was sent in this tick, to leave as one message. */
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  /** What was sent and not taken by the other thread. */
  #queued = 0;
  /** What was taken here, and the other thread does not know of. */
  #untold = 0;
  #telling = false;
  #held = true;
  #sentEnd = false;
  #gotEnd = false;
  /** It is closed, or going to be: nothing more is delivered but that. */
  #over = false;
  #error: Error | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  get queued(): number {
    return this.#queued;
  }

  start(events: TransportEvents): void {
    const port = this.#port;
    this.#events = events;
    port.on('message', (message: unknown) => this.#receive(message));
    port.on('messageerror', (error) => this.#fail(`a message that cannot be read: ${error.message}`));
    port.once('close', () => this.#closed());
    // Listening to messages holds the process; but for a port that is closed already, which tells of it no more.
    if (port.hasRef?.() === false) queueMicrotask(() => this.#closed());
    this.hold(this.#held);
  }

  send(bytes: Uint8Array, more: boolean): void {
    if (this.#over || this.#sentEnd) return;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    this.#queued += bytes.length;
    if (!more) this.#post();
  }

  end(): void {
    if (this.#over || this.#sentEnd) return;
    this.#post();
    this.#sentEnd = true;
    this.#port.postMessage(null);
    this.#closeWhenOver();
  }

  destroy(): void {
    this.#over = true;
    this.#port.close();
  }

  hold(held: boolean): void {
    this.#held = held;
    if (held) this.#port.ref();
    else this.#port.unref();
  }

  /** Copies what was gathered into memory that is given away: the sender's own is part of a larger piece. */
  #post(): void {
    if (this.#gathered.length === 0) return;
    const message = new Uint8Array(COUNT_BYTES + this.#gatheredBytes);
    new DataView(message.buffer).setUint32(0, this.#untold);
    this.#untold = 0;
    let at = COUNT_BYTES;
    for (const bytes of this.#gathered) {
      message.set(bytes, at);
      at += bytes.length;
    }
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#port.postMessage(message, [message.buffer]);
  }

  #receive(message: unknown): void {
    if (this.#over) return;
    if (typeof message === 'number') this.#taken(message);
    else if (message === null) this.#ended();
    else if (isOwnBytes(message)) this.#data(message);
    else this.#fail('a message that is none of this protocol');
  }

  #data(message: Uint8Array): void {
    if (message.length < COUNT_BYTES) return this.#fail('a message that is too short');
    if (this.#gotEnd) return this.#fail('bytes behind the end of its side');
    const { buffer, byteOffset, length } = message;
    this.#taken(new DataView(buffer, byteOffset).getUint32(0));
    if (this.#over || length === COUNT_BYTES) return;
    this.#events?.data(Buffer.from(buffer, byteOffset + COUNT_BYTES, length - COUNT_BYTES));
    this.#untold += length - COUNT_BYTES;
    if (this.#untold >= TELL_AT_ONCE) this.#tell();
    else if (!this.#telling) {
      this.#telling = true;
      // By then an answer may have told it along the way.
      setImmediate(() => {
        this.#telling = false;
        this.#tell();
      });
    }
  }

  #tell(): void {
    if (this.#untold === 0 || this.#over) return;
    this.#port.postMessage(this.#untold);
    this.#untold = 0;
  }

  /** The other thread has taken so many bytes. */
  #taken(count: number): void {
    if (count === 0) return;
    if (!(count > 0 && count <= this.#queued - this.#gatheredBytes)) {
      return this.#fail(`that it has taken ${count} bytes of ${this.#queued}`);
    }
    this.#queued -= count;
    if (this.#queued === 0) this.#events?.drained();
  }

  #ended(): void {
    if (this.#gotEnd) return this.#fail('the end of its side twice');
    this.#gotEnd = true;
    this.#events?.ended();
    this.#closeWhenOver();
  }

  /** What the other thread has not read yet, it still gets. */
  #closeWhenOver(): void {
    if (this.#sentEnd && this.#gotEnd) this.destroy();
  }

  #fail(what: string): void {
    this.#error = new Error(`The other thread broke the connection: it sent ${what}.`);
    this.destroy();
  }

  #closed(): void {
    const gone = this.#over ? undefined : new Error('The other thread has ended, or closed its port.');
    this.#over = true;
    this.#gathered = [];
    this.#events?.closed(this.#error ?? gone);
  }
}

/** Memory that is shared could change while it is read. */
function isOwnBytes(message: unknown): message is Uint8Array<ArrayBuffer> {
  return types.isUint8Array(message) && !types.isSharedArrayBuffer(message.buffer);
}

/**
 * A transport between two threads, over one end of a `MessageChannel` of `node:worker_threads`. It has the port for
 * itself. Bytes are copied once, and their memory is handed over.
 *
 * @throws TypeError for what is no such port.
 * @example
 * ```ts
 * const { port1, port2 } = new MessageChannel();
 * const worker = new Worker('./worker.js', { workerData: port2, transferList: [port2] });
 * const transport = messagePortTransport(port1); // in the worker: messagePortTransport(workerData)
 * ```
 */
export function messagePortTransport(port: MessagePort): Transport {
  const { on, postMessage, ref } = (port ?? {}) as Partial<MessagePort>;
  if (![on, postMessage, ref].every((method) => typeof method === 'function')) {
    throw new TypeError('This is no port of node:worker_threads: give one end of a new MessageChannel().');
  }
  return new MessagePortTransport(port);
}
