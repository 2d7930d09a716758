import type { Transport } from './nearcall.ts';

/** A transport that is another one, but for what is changed of it. */
export function around(transport: Transport, changed: Partial<Transport>): Transport {
  return {
    start: (events) => transport.start(events),
    send: (bytes, more) => transport.send(bytes, more),
    get queued() {
      return transport.queued;
    },
    end: () => transport.end(),
    destroy: () => transport.destroy(),
    hold: (held) => transport.hold(held),
    ...changed,
  };
}
