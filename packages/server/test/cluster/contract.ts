import { z } from 'zod';
import { method, service } from '../nearcall.ts';

export const workers = service('workers', {
  /** Which process answers. */
  who: method({ input: z.void(), output: z.number() }),
});
