import { z } from 'zod';
import { event, method, service, stream } from './nearcall.ts';

/** A method of each kind, for what stands around calls. */
export const words = service('words', {
  ask: method({ input: z.string(), output: z.string() }),
  read: method({ input: z.number(), output: stream(z.string()) }),
  write: method({ input: stream(z.string()), output: z.string() }),
  talk: method({ input: stream(z.string()), output: stream(z.string()) }),
  back: method({ input: z.string(), output: z.string() }),
  note: event(z.string()),
});
