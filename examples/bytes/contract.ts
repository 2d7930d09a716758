import { method, service } from '@nearcall/core';
import { z } from 'zod';

const Bytes = z.instanceof(Uint8Array);

/** What the client serves: bytes for bytes. They cross as they are, without Base64. */
export const exchange = service('exchange', {
  swap: method({ input: Bytes, output: Bytes }),
});
