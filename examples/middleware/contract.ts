import { method, service, stream } from '@nearcall/core';
import { z } from 'zod';

/** Everybody's own diary. Who writes and reads is no part of the contract: the token in the metadata tells. */
export const diary = service('diary', {
  write: method({ input: z.object({ text: z.string() }), output: z.object({ page: z.number() }) }),
  read: method({ input: z.void(), output: stream(z.string()) }),
});
