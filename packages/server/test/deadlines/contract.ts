import { z } from 'zod';
import { method, service, stream } from '../nearcall.ts';

/** What each server of a chain serves. The last one has nobody behind it. */
export const chain = service('chain', {
  /**
   * Waits a moment, asks the next server, and tells the deadlines that the handlers found when they began, from the
   * first to the last.
   */
  deadlines: method({
    input: z.object({
      wait: z.number(),
      /** The deadline that the call to the next server states. */
      own: z.number().optional(),
      /** Whether that call is made without a parent. */
      apart: z.boolean().optional(),
    }),
    output: z.array(z.number()),
  }),
  /** Never answers by itself: the last server waits for its signal, and each other one for the next. */
  hang: method({ input: z.void(), output: z.void() }),
  /** An endless stream of the last server's, through all others. */
  count: method({ input: z.void(), output: stream(z.number()) }),
});
