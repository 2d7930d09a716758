/** Streams of numbers in each direction, which tell how they were left. No part of the package. */
import { z } from 'zod';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import type { RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import { type World, worldOf } from './test-world.ts';

const streams = service('streams', {
  count: method({ input: z.number(), output: stream(z.number()) }),
  sum: method({ input: stream(z.number()), output: z.number() }),
  chat: method({ input: stream(z.number()), output: stream(z.number()) }),
  unary: method({ input: z.number(), output: z.number() }),
});

type Served = Handlers<typeof streams.methods>;

/** Both ends of a connection, and what the far one takes. */
export function world(served: Partial<Served>, limits: Partial<Limits> = {}): World<typeof streams.methods> {
  const handlers: Served = { count: () => [], sum: () => 0, chat: () => [], unary: (n) => n, ...served };
  return worldOf(streams, handlers, { far: limits });
}

/** Numbers without end, and what became of whoever makes them. */
export function endless(): { readonly items: AsyncGenerator<number>; begun: boolean; returned: number; given: number } {
  async function* make(): AsyncGenerator<number> {
    source.begun = true;
    try {
      for (;;) yield source.given++;
    } finally {
      source.returned++;
    }
  }
  const source = { items: make(), begun: false, returned: 0, given: 0 };
  return source;
}

/** A handler of `count` that tells how it was left. */
export function endlessCount(): { readonly count: Served['count']; readonly told: unknown[] } {
  const told: unknown[] = [];
  return {
    told,
    async *count(_, { signal }) {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        told.push(signal.aborted, (signal.reason as RpcError).code);
      }
    },
  };
}
