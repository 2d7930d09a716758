import { z } from 'zod';
import { method, service } from '../nearcall.ts';

/** A server that can be asked to hand over to another. */
export const line = service('line', {
  /** Work that leaves a mark, and tells who has done it. */
  mark: method({ input: z.string(), output: z.number() }),
  /** Has the server start a successor, and close when that serves. Answers with the successor's process. */
  succeed: method({ input: z.void(), output: z.number() }),
  close: method({ input: z.void(), output: z.void() }),
});
