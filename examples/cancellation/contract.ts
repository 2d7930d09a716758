import { method, service, stream } from '@nearcall/core';
import { z } from 'zod';

/** Calls that never end by themselves, and one that does. */
export const patience = service('patience', {
  wait: method({ input: z.void(), output: z.void() }),
  ticks: method({ input: z.void(), output: stream(z.number()) }),
  hello: method({ input: z.void(), output: z.string() }),
});
