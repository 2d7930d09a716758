import { z } from 'zod';
import { method, service } from '../nearcall.ts';

export const echo = service('echo', {
  bytes: method({ input: z.instanceof(Uint8Array), output: z.instanceof(Uint8Array) }),
});
