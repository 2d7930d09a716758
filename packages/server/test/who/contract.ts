import { z } from 'zod';
import { type Implementation, implement, method, service } from '../nearcall.ts';

const credentials = z.object({ pid: z.number().optional(), uid: z.number(), gid: z.number() });

export const who = service('who', {
  /** Who is asking, as far as the server can tell. */
  am: method({ input: z.void(), output: credentials.optional() }),
});

export const implementation: Implementation = implement(who, {
  am: (_, { peer }) => peer.credentials,
});
