import { z } from 'zod';
import { method, service, stream } from '../nearcall.ts';

export const limited = service('limited', {
  /** Ends when the test says so, or its caller gives up. */
  hold: method({ input: z.void(), output: z.string(), deadline: 60_000 }),
  /** The same as a stream, which ends then. */
  holdStream: method({ input: z.void(), output: stream(z.number()) }),
  echo: method({ input: z.string(), output: z.string() }),
  /** Answers with so many letters: the number is text, so that it can be written by hand. */
  letters: method({ input: z.string(), output: z.string() }),
  bytes: method({ input: z.string(), output: z.instanceof(Uint8Array) }),
});
