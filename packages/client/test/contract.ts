import { event, method, service, stream } from '@nearcall/core';
import { z } from 'zod';

/** What these tests call a server with. */
export const work = service('work', {
  upper: method({ input: z.string(), output: z.string() }),
  /** Answers when it is let go. */
  hold: method({ input: z.string(), output: z.string() }),
  /** The same, and may run twice. */
  again: method({ input: z.string(), output: z.string(), idempotent: true }),
  /** Its handler says that it has not run. */
  refuse: method({ input: z.string(), output: z.string() }),
  /** Gives a number each time when it is let go. */
  count: method({ input: z.string(), output: stream(z.number()), idempotent: true }),
  gather: method({ input: stream(z.string()), output: z.number(), idempotent: true }),
  note: event(z.string()),
});
