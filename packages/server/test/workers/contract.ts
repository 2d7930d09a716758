import { z } from 'zod';
import { method, service } from '../nearcall.ts';

/** Each answers with the name of the worker that served it. */
export const work = service('work', {
  who: method({ input: z.void(), output: z.string() }),
  /** Answered when the worker is told to let go. */
  hold: method({ input: z.void(), output: z.string() }),
  /** The same, and may be made again. */
  holdAgain: method({ input: z.void(), output: z.string(), idempotent: true }),
});

/** What a worker is told. */
export type Order = 'release' | 'drain';
