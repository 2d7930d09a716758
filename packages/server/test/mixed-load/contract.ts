import { z } from 'zod';
import { event, method, service, stream } from '../nearcall.ts';

const bytes = z.instanceof(Uint8Array);

export const work = service('work', {
  echo: method({ input: z.string(), output: z.string() }),
  blob: method({ input: z.number(), output: bytes }),
  fail: method({
    input: z.enum(['declared', 'plain']),
    output: z.void(),
    errors: { refused: z.object({ why: z.string() }) },
  }),
  /** Ends when its signal aborts, and not before. */
  hang: method({ input: z.void(), output: z.void(), deadline: 60_000 }),
  /** Calls its caller back, and tells how many listeners that left on its signal. */
  nest: method({ input: z.number(), output: z.object({ doubled: z.number(), listeners: z.number() }) }),
  rows: method({
    input: z.object({ count: z.number(), failAt: z.number().optional() }),
    output: stream(z.object({ n: z.number() })),
  }),
  /** Gives nothing until its signal aborts. */
  silent: method({ input: z.void(), output: stream(z.number()) }),
  sum: method({ input: stream(z.number()), output: z.number() }),
  /** Answers after so many items, whatever else would come. */
  first: method({ input: stream(z.number()), output: z.number() }),
  chat: method({ input: stream(z.string()), output: stream(z.string()) }),
  note: event(z.object({ text: z.string() })),
});

/** What the client serves. */
export const back = service('back', {
  double: method({ input: z.number(), output: z.number() }),
});
