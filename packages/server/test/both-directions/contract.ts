import { z } from 'zod';
import { event, method, service, stream } from '../nearcall.ts';

const bytes = z.instanceof(Uint8Array);

/** What the process that dials implements. */
export const dialled = service('dialled', {
  greet: event(z.string()),
  /** Tells which of the connections of its process it is. */
  who: method({ input: z.void(), output: z.number() }),
  shout: method({ input: z.string(), output: z.string() }),
  list: method({ input: z.number(), output: stream(z.string()) }),
  collect: method({ input: stream(z.string()), output: z.array(z.string()) }),
  chat: method({ input: stream(z.string()), output: stream(z.string()) }),
  answerBytes: method({ input: bytes, output: bytes }),
  /** Answers when its signal aborts, and not before. */
  hang: method({ input: z.void(), output: z.void() }),
  /** Calls back with one level less, until there is none. */
  pong: method({ input: z.number(), output: z.number() }),
});

/** What the process that listens implements. */
export const listening = service('listening', {
  ping: method({ input: z.number(), output: z.number() }),
  /** Has the caller shout the text. */
  echo: method({ input: z.string(), output: z.string() }),
  /** Reads a stream from the caller, and gives each of its items back. */
  relay: method({ input: z.number(), output: stream(z.string()) }),
  endless: method({ input: z.void(), output: stream(z.number()) }),
  swallow: method({ input: stream(z.number()), output: z.number() }),
});
