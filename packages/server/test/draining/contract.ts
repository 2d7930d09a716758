import { z } from 'zod';
import { method, service, stream } from '../nearcall.ts';

/** What a server that is stopped serves. */
export const busy = service('busy', {
  /** Answers with the process that served it, after so many milliseconds. */
  work: method({ input: z.object({ id: z.string(), delay: z.number() }), output: z.number() }),
  /** Goes on until the connection is being closed. */
  ticks: method({ input: z.void(), output: stream(z.number()) }),
  /** Answers when its signal aborts, and not before. */
  hold: method({ input: z.object({ id: z.string() }), output: z.void() }),
  /** Answers with what its caller says to `slow`. */
  askBack: method({ input: z.void(), output: z.string() }),
});

/** What a client that is closed serves. */
export const slow = service('slow', {
  /** Answers when the test says so. */
  answer: method({ input: z.void(), output: z.string() }),
});
