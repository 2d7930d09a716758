import { z } from 'zod';
import { method, service } from './nearcall.ts';

/** What the processes of these tests call each other with. */
export const text = service('text', {
  uppercase: method({ input: z.string(), output: z.string() }),
  /** Gives its value back after so many milliseconds. */
  later: method({ input: z.object({ value: z.number(), delay: z.number() }), output: z.number() }),
  /** Answers when its signal aborts, and not before. */
  hang: method({ input: z.void(), output: z.void(), deadline: 60_000 }),
  /** Answers, and stops the server in the same breath. */
  last: method({ input: z.number(), output: z.number() }),
});
