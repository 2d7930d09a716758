import { z } from 'zod';
import { method, service } from '../nearcall.ts';

/** Work that leaves a mark each time when it is done. */
export const marks = service('marks', {
  once: method({ input: z.string(), output: z.string() }),
  again: method({ input: z.string(), output: z.string(), idempotent: true }),
});
