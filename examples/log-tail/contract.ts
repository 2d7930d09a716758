import { method, service, stream } from '@nearcall/core';
import { z } from 'zod';

/** One request, a stream of answers: the lines of a file, and those that will be appended to it. */
export const logs = service('logs', {
  lines: method({ input: z.object({ path: z.string() }), output: stream(z.string()) }),
});
