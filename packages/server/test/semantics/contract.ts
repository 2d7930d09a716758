import { z } from 'zod';
import { event, method, service, stream } from '../nearcall.ts';

const bytes = z.instanceof(Uint8Array);

/** What the far end of every transport serves. */
export const calls = service('calls', {
  echo: method({ input: z.string(), output: z.string() }),
  bytes: method({ input: bytes, output: bytes }),
  add: method({ input: z.object({ a: z.number(), b: z.number() }), output: z.number() }),
  fail: method({
    input: z.enum(['declared', 'chosen', 'plain']),
    output: z.void(),
    errors: { broken: z.object({ since: z.date() }) },
  }),
  /** Answers when nobody waits for it any more, and not before. */
  hang: method({ input: z.void(), output: z.void() }),
  /** Answers when the connection is being closed. */
  linger: method({ input: z.void(), output: z.string() }),
  /** Answers, and closes the server in the same breath. */
  stop: method({ input: z.void(), output: z.void() }),
  /** The metadata that came with the call. */
  told: method({ input: z.void(), output: z.record(z.string(), z.union([z.string(), z.custom<Uint8Array>()])) }),
  /** Calls back with one level less, until there is none. */
  ping: method({ input: z.number(), output: z.number() }),
  count: method({ input: z.number(), output: stream(z.number()) }),
  /** Rows of a kilobyte, without end. */
  rows: method({ input: z.void(), output: stream(z.object({ n: z.number(), text: z.string() })) }),
  /** Gives three items, and then fails. */
  breaks: method({ input: z.void(), output: stream(z.number()) }),
  sum: method({ input: stream(z.number()), output: z.number() }),
  /** Reads one item, and leaves. */
  first: method({ input: stream(z.number()), output: z.number() }),
  /** Reads one item, and the rest when `resume` is called. How many there were. */
  stalled: method({ input: stream(z.string()), output: z.number() }),
  resume: method({ input: z.void(), output: z.void() }),
  shout: method({ input: stream(z.string()), output: stream(z.string()) }),
  /** Gives the first item back, and ends. */
  once: method({ input: stream(z.string()), output: stream(z.string()) }),
  note: event(z.number()),
  state: method({
    input: z.void(),
    output: z.object({
      /** How many calls of `hang` were given up. */
      aborted: z.number(),
      /** How many rows were made, and how many times their reader has left. */
      made: z.number(),
      left: z.number(),
      notes: z.array(z.number()),
    }),
  }),
});

/** What the near end serves. */
export const back = service('back', {
  greet: event(z.string()),
  pong: method({ input: z.number(), output: z.number() }),
});

/** What the far end does not serve as it is here. */
export const elsewhere = service('calls', {
  missing: method({ input: z.string(), output: z.string() }),
  /** A stream there. */
  count: method({ input: z.number(), output: z.number() }),
});

/** The bytes of a row. */
export const ROW = 1024;
