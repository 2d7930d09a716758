import { implement, RpcError, type Server, type ServeTarget, serve } from '../nearcall.ts';
import { back, calls, ROW } from './contract.ts';

/** Serves what the suite of call semantics calls. */
export async function serveCalls(...targets: ServeTarget[]): Promise<Server> {
  const notes: number[] = [];
  let aborted = 0;
  let made = 0;
  let left = 0;
  let resume: () => void = () => {};
  const implementation = implement(calls, {
    echo: (text) => text,
    bytes: (bytes) => bytes,
    add: ({ a, b }) => a + b,
    fail: (how) => {
      if (how === 'declared') throw calls.methods.fail.error('broken', { since: new Date(7) });
      if (how === 'chosen') throw new RpcError('NOT_FOUND', 'There is no such thing.', { metadata: { where: 'here' } });
      throw new Error('a secret');
    },
    hang: async (_, { signal }) => {
      await once(signal);
      aborted++;
    },
    linger: async (_, { draining }) => {
      await once(draining);
      return 'finished';
    },
    stop: () => void server.close(),
    told: (_, { metadata }) => ({ ...metadata }),
    ping: async (levels, { peer }) => (levels === 0 ? 0 : 1 + (await peer.client(back).pong(levels - 1))),
    count: function* (count) {
      for (let n = 0; n < count; n++) yield n;
    },
    rows: async function* () {
      try {
        for (let n = 0; ; n++) {
          made++;
          yield { n, text: 'x'.repeat(ROW) };
        }
      } finally {
        left++;
      }
    },
    breaks: function* () {
      yield* [0, 1, 2];
      throw new RpcError('DATA_LOSS', 'The rest is lost.');
    },
    sum: async (numbers) => {
      let sum = 0;
      for await (const number of numbers) sum += number;
      return sum;
    },
    first: async (numbers) => {
      for await (const number of numbers) return number;
      return -1;
    },
    stalled: async (texts) => {
      let count = 0;
      for await (const _ of texts) {
        if (++count > 1) continue;
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
      }
      return count;
    },
    resume: () => resume(),
    shout: async function* (texts) {
      for await (const text of texts) yield text.toUpperCase();
    },
    once: async function* (texts) {
      for await (const text of texts) {
        yield text;
        return;
      }
    },
    note: (n) => void notes.push(n),
    state: () => ({ aborted, made, left, notes }),
  });
  const server: Server = await serve(targets, implementation, {
    onConnect: (peer) => peer.client(back).greet('welcome'),
    onError: () => {},
  });
  return server;
}

/** Fulfils when the signal aborts. */
function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
}
