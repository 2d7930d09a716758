import type { Duplex } from 'node:stream';
import type { Transport, TransportEvents } from './transport.ts';

/** A stream that can keep its process running, or not. A socket is one. */
type Holdable = Duplex & { ref?(): unknown; unref?(): unknown };

class DuplexTransport implements Transport {
  readonly #stream: Holdable;
  readonly #explain: (error: Error) => Error;
  #error: Error | undefined;
  #corked = false;

  constructor(stream: Duplex, explain: (error: Error) => Error) {
    this.#stream = stream;
    this.#explain = explain;
  }

  get queued(): number {
    return this.#stream.writableLength;
  }

  start(events: TransportEvents): void {
    const stream = this.#stream;
    stream.on('error', (error) => {
      this.#error ??= this.#explain(error);
    });
    stream.on('drain', () => events.drained());
    stream.on('end', () => events.ended());
    stream.on('close', () => events.closed(this.#error));
    stream.on('data', (chunk: Buffer) => events.data(chunk));
  }

  send(bytes: Uint8Array, more: boolean): void {
    if (!this.#stream.writable) return;
    if (more && !this.#corked) this.#cork(true);
    this.#stream.write(bytes);
    if (!more && this.#corked) this.#cork(false);
  }

  end(): void {
    if (this.#stream.writable) this.#stream.end();
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #cork(corked: boolean): void {
    this.#corked = corked;
    if (corked) this.#stream.cork();
    else this.#stream.uncork();
  }

  hold(held: boolean): void {
    if (held) this.#stream.ref?.();
    else this.#stream.unref?.();
  }
}

/**
 * A transport over a Node stream of bytes, such as a `net.Socket`. The stream must allow half-open use: where one side
 * ending ends the other, the last answers are lost. `explain` may put an error of the stream into better words.
 */
export function duplexTransport(stream: Duplex, explain: (error: Error) => Error = (error) => error): Transport {
  return new DuplexTransport(stream, explain);
}
