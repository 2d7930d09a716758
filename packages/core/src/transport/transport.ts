import type { Credentials } from './credentials.ts';

/**
 * What carries a connection: bytes, in order, both ways, each way ended apart. `duplexTransport`, `streamTransport` and
 * `messagePortTransport` make one of what Node has; `memoryTransports` makes a pair.
 */
export interface Transport {
  /** Begins delivery to `events`. Called once. */
  start(events: TransportEvents): void;
  /**
   * Sends bytes, which nobody changes before they have left. Never delivers anything before it returns. `more`: others
   * follow at once, so that all can leave together.
   */
  send(bytes: Uint8Array, more: boolean): void;
  /** The bytes that were sent and have not left this process; between two threads, that the other has not taken. */
  readonly queued: number;
  /** Ends this side, after everything sent. The other side may go on sending. */
  end(): void;
  /** Lets go of both sides at once. What was not delivered is lost. */
  destroy(): void;
  /** Whether the open transport keeps the process running. */
  hold(held: boolean): void;
  /** Who the process at the other end is, as far as can be told. Default: undefined. */
  readonly credentials?: Credentials | undefined;
}

/** What a transport tells. Nothing comes after `closed`. */
export interface TransportEvents {
  /** Bytes came. They may be cut and merged in any way, and their memory be another's when this returns. */
  data(bytes: Buffer): void;
  /** All that was queued has left. */
  drained(): void;
  /** The other side has ended: no more bytes will come. */
  ended(): void;
  /** Both sides are over; with the error, where one was the cause. */
  closed(error?: Error): void;
}

/** Whether a value is a transport, as far as can be seen. */
export function isTransport(value: unknown): value is Transport {
  const { start, send, destroy } = (value ?? {}) as Partial<Transport>;
  return [start, send, destroy].every((method) => typeof method === 'function');
}

const taken = new WeakSet<Transport>();

/**
 * Takes a transport for one connection.
 *
 * @throws TypeError where another one has had it: it would hear nothing of the other side.
 */
export function take(transport: Transport): void {
  if (taken.has(transport)) {
    throw new TypeError('This transport has been used: it is one connection. Make another for each connect or serve.');
  }
  taken.add(transport);
}

/**
 * Marks a transport of ours: it calls its events as methods, where others may take them apart, and costs nothing to hold
 * and to let go.
 */
export const OURS: unique symbol = Symbol('ours');

/** A transport that may be one of ours. */
export interface MarkedTransport extends Transport {
  readonly [OURS]?: true;
}

/** Begins delivery. Four functions for one that takes them apart would hold 270 bytes at a connection of any kind. */
export function start(transport: MarkedTransport, events: TransportEvents): void {
  transport.start(transport[OURS] === true ? events : apart(events));
}

function apart(events: TransportEvents): TransportEvents {
  return {
    data: (bytes) => events.data(bytes),
    drained: () => events.drained(),
    ended: () => events.ended(),
    closed: (error) => events.closed(error),
  };
}
