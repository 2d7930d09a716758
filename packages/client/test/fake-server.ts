import { Implementations, implement, memoryTransports, Peer, RpcError, type Transport } from '@nearcall/core';
import type { Target } from '../src/subchannel.ts';
import { work } from './contract.ts';
import type { FakeClock } from './fake-clock.ts';

/** What somebody who dials meets: a server, nobody, one that has no room, one that turns
 * it away for who it is, or one that takes and says nothing. */
export type Mood = 'up' | 'gone' | 'busy' | 'strict' | 'silent';

/** A server at one address, as a client sees it. */
export class FakeServer implements Target {
  readonly address: string;
  readonly once = false;
  readonly #clock: FakeClock;
  mood: Mood;
  /** How often it was dialled. */
  dials = 0;
  /** The server's ends of the connections that are open. */
  readonly peers = new Set<Peer>();
  /** The client's end of the last one. */
  line: Transport | undefined = undefined;
  /** The server's end of it. */
  #far: Transport | undefined = undefined;
  /** What the handlers were called with. */
  readonly ran: string[] = [];
  /** The calls of `hold`, `count` and so on that wait to be let go. */
  readonly held: (() => void)[] = [];

  constructor(clock: FakeClock, address: string, mood: Mood) {
    this.#clock = clock;
    this.address = address;
    this.mood = mood;
  }

  readonly dial = (): Transport => {
    this.dials++;
    if (this.mood === 'gone') return failing(new Error(`Nothing listens at ${this.address}.`));
    if (this.mood === 'busy') {
      const cause = Object.assign(new Error('connect EAGAIN'), { code: 'EAGAIN' });
      return failing(new Error('It has more new connections than it can take.', { cause }));
    }
    const [near, far] = memoryTransports();
    this.line = near;
    this.#far = far;
    if (this.mood === 'up') this.serve(far);
    if (this.mood === 'strict') this.serve(far).refuse('not you', 'PERMISSION_DENIED');
    return near;
  };

  /** Speaks over a transport. */
  serve(transport: Transport): Peer {
    const clock = this.#clock;
    const implementations = new Implementations([this.#implementation()]);
    const peer = new Peer(transport, { role: 'acceptor', clock, implementations, onError: () => {} });
    this.peers.add(peer);
    void peer.closed.then(() => this.peers.delete(peer));
    return peer;
  }

  /** Its process dies. */
  kill(): void {
    this.mood = 'gone';
    this.line?.destroy();
  }

  /** Its process dies, and the system ends its side of a socket for it. */
  end(): void {
    this.mood = 'gone';
    this.#far?.end();
  }

  /** Ends its connections, and lets what has begun finish. */
  async drain(): Promise<void> {
    this.mood = 'gone';
    await Promise.all(Array.from(this.peers, (peer) => peer.close()));
  }

  #implementation() {
    const { ran, held } = this;
    const until = (signal?: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        held.push(resolve);
        signal?.addEventListener('abort', () => resolve());
      });
    return implement(work, {
      upper: (text) => {
        ran.push(text);
        return text.toUpperCase();
      },
      hold: async (text) => {
        ran.push(text);
        await until();
        return text.toUpperCase();
      },
      again: async (text) => {
        ran.push(text);
        await until();
        return text.toUpperCase();
      },
      refuse: (text) => {
        ran.push(text);
        throw new RpcError('UNAVAILABLE', 'Not today.', { execution: 'rejected' });
      },
      count: async function* (text, { signal }) {
        ran.push(text);
        for (let n = 0; ; n++) {
          await until(signal);
          yield n;
        }
      },
      gather: async (texts) => {
        for await (const text of texts) ran.push(text);
        return ran.length;
      },
      note: (text) => {
        ran.push(text);
      },
    });
  }
}

/** What comes of dialling where nobody takes it. */
function failing(error: Error): Transport {
  return {
    start: (events) => queueMicrotask(() => events.closed(error)),
    send: () => {},
    queued: 0,
    end: () => {},
    destroy: () => {},
    hold: () => {},
  };
}
