import { event, method, service, stream } from '@nearcall/core';
import { z } from 'zod';

const bytes = z.instanceof(Uint8Array);
const row = z.object({ n: z.number(), text: z.string() });
const nested = z.object({ depth: z.number(), value: z.number() });

/** A value of every kind, to be sent back as it came. */
export const document = z.object({
  at: z.date(),
  big: z.bigint(),
  tags: z.set(z.string()),
  counts: z.map(z.string(), z.number()),
  rows: z.array(row),
});

/** What the servers serve. */
export const work = service('work', {
  echo: method({ input: z.string(), output: z.string(), idempotent: true }),
  /** Runs once at most for each token, and remembers that it did. */
  once: method({ input: z.number(), output: z.number() }),
  /** Which of the tokens have run. */
  ran: method({ input: z.array(z.number()), output: z.array(z.number()), idempotent: true }),
  document: method({ input: document, output: document, idempotent: true }),
  /** So many bytes, with their checksum in the trailer. */
  blob: method({ input: z.number(), output: bytes, idempotent: true }),
  /** The checksum of bytes. */
  checksum: method({ input: bytes, output: z.number(), idempotent: true }),
  /** What came as metadata goes back as header and as trailer. */
  metadata: method({ input: z.void(), output: z.void() }),
  fail: method({
    input: z.enum(['declared', 'chosen', 'plain', 'output']),
    output: z.string(),
    errors: { refused: z.object({ why: z.string() }) },
  }),
  /** Ends when its signal aborts, and not before. */
  hang: method({ input: z.void(), output: z.void() }),
  /** Few at once, and each takes a while. */
  narrow: method({ input: z.void(), output: z.void() }),
  /** Calls its caller back, which calls on, until the depth is none. */
  nest: method({ input: nested, output: z.number() }),
  /** Sends its caller so many events, and then answers. */
  poke: method({ input: z.object({ from: z.number(), count: z.number() }), output: z.void() }),
  /** Reads so many items of a stream of its caller's, and answers with their sum. */
  pull: method({ input: z.object({ count: z.number(), read: z.number() }), output: z.number() }),
  rows: method({
    input: z.object({ count: z.number(), failAt: z.number().optional(), wait: z.number().default(0) }),
    output: stream(row),
  }),
  chunks: method({ input: z.object({ count: z.number(), size: z.number() }), output: stream(bytes) }),
  /** Gives nothing until its signal aborts. */
  silent: method({ input: z.void(), output: stream(z.number()) }),
  /** Reads so many items, slowly where it is told to wait, and answers with their sum. */
  sum: method({ input: stream(z.number()), output: z.number() }),
  /** Answers after the first item. */
  first: method({ input: stream(z.number()), output: z.number() }),
  chat: method({ input: stream(z.string()), output: stream(z.string()) }),
  note: event(z.object({ from: z.number() })),
  /** How many notes have come from somebody. */
  noted: method({ input: z.number(), output: z.number(), idempotent: true }),
});

/** What the clients serve. */
export const back = service('back', {
  double: method({ input: z.number(), output: z.number(), idempotent: true }),
  nest: method({ input: nested, output: z.number() }),
  numbers: method({ input: z.number(), output: stream(z.number()) }),
  remind: event(z.object({ from: z.number() })),
});

/** A contract as the servers have it. */
export const version1 = service('versions', {
  same: method({ input: z.string(), output: z.string() }),
  wider: method({ input: z.object({ text: z.string() }), output: z.string() }),
  other: method({ input: z.object({ text: z.string() }), output: z.string() }),
});

/** The same as some clients have it: an optional field more is no harm, and another type is. */
export const version2 = service('versions', {
  same: method({ input: z.string(), output: z.string() }),
  wider: method({ input: z.object({ text: z.string(), more: z.number().optional() }), output: z.string() }),
  other: method({ input: z.object({ text: z.number() }), output: z.string() }),
  missing: method({ input: z.void(), output: z.void() }),
});
