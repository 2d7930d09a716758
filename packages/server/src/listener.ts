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

/** What listens through a server of Node. `leave` comes first: it takes the address away. */
export function netListener(address: string, net: Server, leave: () => Promise<void>): Listener {
  let markStopped: () => void;
  const stopped = new Promise<void>((resolve) => {
    markStopped = resolve;
  });
  return {
    address,
    stopped,
    async stop() {
      await leave();
      net.close(() => markStopped());
    },
  };
}
