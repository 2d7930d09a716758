import { method, service, stream } from '@nearcall/core';
import { z } from 'zod';

/** A stream of requests, one answer: the bytes of a file, and what they come to. */
export const uploads = service('uploads', {
  upload: method({
    input: stream(z.instanceof(Uint8Array)),
    output: z.object({ size: z.number(), sha256: z.string() }),
  }),
});
