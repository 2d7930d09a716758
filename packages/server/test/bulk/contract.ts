import { z } from 'zod';
import { method, service } from '../nearcall.ts';

export const depot = service('depot', {
  /** Bytes that count up. The server makes them once for each size, and gives the same ones again. */
  fetch: method({ input: z.number(), output: z.instanceof(Uint8Array), deadline: 120_000 }),
  echo: method({ input: z.string(), output: z.string() }),
});
