import type { Transport, TransportEvents } from './transport.ts';

/** One end of a pair: what is sent here comes out of `other`, in a later turn of the event loop. */
class MemoryTransport implements Transport {
  #other: MemoryTransport | undefined;
  #events: TransportEvents | undefined;
  readonly #inbound: (Buffer | 'end')[] = [];
  #unread = 0;
  #delivering = false;
  #sentEnd = false;
  #gotEnd = false;
  #closed = false;

  static pair(): [MemoryTransport, MemoryTransport] {
    const a = new MemoryTransport();
    const b = new MemoryTransport();
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  get queued(): number {
    const other = this.#other;
    return other === undefined ? 0 : other.#unread;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    if (this.#closed) queueMicrotask(() => events.closed());
    else this.#deliverSoon();
  }

  send(bytes: Uint8Array): void {
    const other = this.#other;
    if (other === undefined || this.#closed || this.#sentEnd) return;
    other.#inbound.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    other.#unread += bytes.length;
    other.#deliverSoon();
  }

  end(): void {
    const other = this.#other;
    if (other === undefined || this.#sentEnd || this.#closed) return;
    this.#sentEnd = true;
    other.#inbound.push('end');
    other.#deliverSoon();
    this.#closeWhenOver();
  }

  destroy(): void {
    const other = this.#other;
    this.#close();
    if (other !== undefined) queueMicrotask(() => other.#close());
  }

  hold(): void {
    // A pair lives and dies with its process.
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#events === undefined) return;
    this.#delivering = true;
    queueMicrotask(() => {
      this.#delivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    for (;;) {
      const next = this.#closed ? undefined : this.#inbound.shift();
      if (next === undefined) break;
      if (next === 'end') {
        this.#gotEnd = true;
        this.#events?.ended();
        this.#closeWhenOver();
      } else {
        this.#unread -= next.length;
        this.#events?.data(next);
      }
    }
    const other = this.#other;
    if (other !== undefined && !other.#closed) other.#events?.drained();
  }

  #closeWhenOver(): void {
    if (this.#sentEnd && this.#gotEnd) queueMicrotask(() => this.#close());
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbound.length = 0;
    this.#unread = 0;
    this.#events?.closed();
  }
}

/**
 * Two ends of a connection within one process: for tests, and for a client and a server that share a process.
 *
 * @example
 * ```ts
 * const [near, far] = memoryTransports();
 * ```
 */
export function memoryTransports(): [Transport, Transport] {
  return MemoryTransport.pair();
}
