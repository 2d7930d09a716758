import { z } from 'zod';
import { blob } from '../../blobs.mjs';
import { rows, rowsAtOnce } from '../../rows.mjs';

const Row = z.object({ id: z.number(), name: z.string() });

export const methods = {
  uppercase: {
    input: z.string(),
    output: z.string(),
    handle: async (value) => value.toUpperCase(),
  },
  rows: { input: z.number(), output: Row, streams: true, handle: rows },
  rowsAtOnce: { input: z.number(), output: Row, streams: true, handle: rowsAtOnce },
  blob: { input: z.number(), output: z.instanceof(Uint8Array), handle: async (number) => blob(number) },
};
