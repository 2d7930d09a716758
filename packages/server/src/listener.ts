import type { Server } from 'node:net';
import type { Transport } from '@nearcall/core';

/** Takes a connection. */
export type Accept = (transport: Transport) => void;

/** What listens at one address. */
export interface Listener {
  /** The address, as clients name it. */
  readonly address: string;
  /** Listens no longer. Once it has fulfilled, nobody new comes. */
  stop(): Promise<void>;
  /** Fulfils when the last connection that came here is over, after `stop`. */
  readonly stopped: Promise<void>;
}

/** A name that an address has beside the listening socket. */
interface Name {
  /** Before the server closes: takes the name away, so that nobody new comes. */
  remove(): Promise<void>;
  /** After that: takes away what could not go before. */
  clear(): Promise<void>;
}

/** What listens through a server of Node, at a name if there is one. */
export function netListener(address: string, net: Server, name?: Name): Listener {
  let markStopped: () => void;
  const stopped = new Promise<void>((resolve) => {
    markStopped = resolve;
  });
  return {
    address,
    stopped,
    async stop() {
      await name?.remove();
      net.close(() => markStopped());
      await name?.clear();
    },
  };
}
