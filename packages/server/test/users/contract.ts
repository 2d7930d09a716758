import { z } from 'zod';
import { method, service } from '../nearcall.ts';

export const who = service('who', {
  /** Which process answers. */
  pid: method({ input: z.void(), output: z.number() }),
});
