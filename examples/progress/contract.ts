import { event, method, service } from '@nearcall/core';
import { z } from 'zod';

/** What the server serves. */
export const primes = service('primes', {
  count: method({ input: z.object({ below: z.number().int() }), output: z.number() }),
});

/** What the client serves: it is told how far its call is. An event has no answer. */
export const progress = service('progress', {
  report: event(z.object({ done: z.number() })),
});
