import { method, service } from '@nearcall/core';
import { z } from 'zod';

/** The errors that a caller is to tell apart stand in the contract, each with its data. */
export const bank = service('bank', {
  withdraw: method({
    input: z.object({ account: z.string(), amount: z.number().positive() }),
    output: z.object({ balance: z.number() }),
    errors: {
      insufficient: z.object({ missing: z.number() }),
      frozen: z.object({ since: z.date() }),
    },
  }),
});
