import { type Implementation, implement } from '../nearcall.ts';
import { dialled, listening } from './contract.ts';
import type { Source } from './source.ts';

/** What the listening end serves. The handlers of its endless streams are given. */
export function servesListening(
  endless: (signal: AbortSignal) => Source,
  swallow: (input: AsyncIterable<number>, signal: AbortSignal) => Promise<number>,
): Implementation {
  return implement(listening, {
    ping: async (levels, { peer }) => (levels === 0 ? 0 : 1 + (await peer.client(dialled).pong(levels - 1))),
    echo: (text, { peer }) => peer.client(dialled).shout(text),
    relay: async function* (count, { peer }) {
      yield* peer.client(dialled).list(count);
    },
    endless: (_, { signal }) => endless(signal),
    swallow: (input, { signal }) => swallow(input, signal),
  });
}
