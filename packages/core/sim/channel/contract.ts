import { z } from 'zod';
import { event, method, service, stream } from '../../src/index.ts';

/** What servers are called with that come and go. Each is there twice: as what may run but once, and as what may run again. */
export const work = service('work', {
  ask: method({ input: z.string(), output: z.string() }),
  askAgain: method({ input: z.string(), output: z.string(), idempotent: true }),
  list: method({ input: z.string(), output: stream(z.string()) }),
  listAgain: method({ input: z.string(), output: stream(z.string()), idempotent: true }),
  count: method({ input: stream(z.string()), output: z.number() }),
  countAgain: method({ input: stream(z.string()), output: z.number(), idempotent: true }),
  chat: method({ input: stream(z.string()), output: stream(z.string()) }),
  tell: event(z.string()),
});

export type WorkName = keyof typeof work.methods;
