import { setTimeout as sleep } from 'node:timers/promises';
import { answering } from './answering.ts';
import { text } from './contract.ts';
import { implement, type Server, serve } from './nearcall.ts';

const [address = ''] = process.argv.slice(2);

let hanging = 0;
const waiting: (() => void)[] = [];
const watched: { readonly count: number; readonly tell: () => void }[] = [];

function implementation(server: () => Server) {
  return implement(text, {
    uppercase: (value) => value.toUpperCase(),
    later: async ({ value, delay }) => {
      await sleep(delay);
      return value;
    },
    hang: (_, { signal }) => {
      hanging++;
      for (const { count, tell } of watched) if (hanging >= count) tell();
      return new Promise<void>((resolve) => {
        waiting.push(resolve);
        signal.addEventListener('abort', () => resolve());
      });
    },
    last: (value) => {
      void server().close();
      return value;
    },
  });
}

const server: Server = await serve(
  address,
  implementation(() => server),
);

answering({
  /** What is held, without what nobody holds any more. */
  memory: () => {
    globalThis.gc?.();
    const { rss, arrayBuffers } = process.memoryUsage();
    return { rss, arrayBuffers };
  },
  connections: () => server.connections,
  /** Waits until so many calls of `hang` have begun. */
  hanging: (count: number) =>
    new Promise<void>((tell) => {
      if (hanging >= count) tell();
      else watched.push({ count, tell });
    }),
  /** Serves at so many further addresses. Each server lives until its first call of `last`. */
  more: async ({ addresses }: { addresses: string[] }) => {
    for (const each of addresses) {
      const one: Server = await serve(
        each,
        implementation(() => one),
      );
    }
  },
});
