import { method, service, stream } from '@nearcall/core';
import { z } from 'zod';

export const job = z.object({ name: z.string(), steps: z.number().int().min(1) });

/** What the dispatcher serves: a job is handed in, and ends once, done or failed. It may take its time. */
export const jobs = service('jobs', {
  submit: method({
    input: job,
    output: z.object({ outcome: z.enum(['done', 'failed']), why: z.string().optional() }),
    deadline: Number.POSITIVE_INFINITY,
  }),
});

/** What each worker serves, and the dispatcher calls: it gives the part that is done, until that is 1. */
export const worker = service('worker', {
  run: method({ input: job, output: stream(z.number()) }),
});
