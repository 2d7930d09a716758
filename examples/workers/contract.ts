import { method, service } from '@nearcall/core';
import { z } from 'zod';

/** What each worker serves, and the parent calls. */
export const worker = service('worker', {
  countWords: method({
    input: z.object({ title: z.string() }),
    output: z.object({ count: z.number(), pid: z.number() }),
  }),
});

/** What the parent serves, and its workers call. */
export const library = service('library', {
  read: method({ input: z.object({ title: z.string() }), output: z.string() }),
});
