import { z } from 'zod';
import { method, service } from '../src/index.ts';

const Note = z.object({
  token: z.string(),
  title: z.string(),
  tags: z.array(z.string()),
  at: z.date(),
  size: z.number().default(1),
});

/** What both ends serve. */
export const sim = service('sim', {
  uppercase: method({
    input: z.string(),
    output: z.string(),
    errors: { syntax: z.object({ line: z.number(), near: z.string() }) },
  }),
  /** Anything that can cross. */
  echo: method({ input: z.unknown(), output: z.unknown() }),
  /** Strips what it does not declare, and fills in what is missing. */
  note: method({ input: Note, output: Note, errors: { full: z.object({ left: z.number() }) } }),
  /** Has a deadline of its own. */
  quick: method({ input: z.string(), output: z.string(), deadline: 40 }),
  /** Answers with as much as its plan says. */
  grow: method({ input: z.string(), output: z.union([z.string(), z.instanceof(Uint8Array)]) }),
  /** Carries nothing at all, either way. */
  ping: method({ input: z.void(), output: z.void() }),
});

/** What neither end serves. */
export const elsewhere = service('elsewhere', { uppercase: method({ input: z.string(), output: z.string() }) });

export type MethodName = keyof typeof sim.methods;
