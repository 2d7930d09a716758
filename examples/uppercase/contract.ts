import { method, service } from '@nearcall/core';
import { z } from 'zod';

/** What the server serves and the client calls: the only file that both share. */
export const text = service('text', {
  uppercase: method({ input: z.string(), output: z.string() }),
});
