import { z } from 'zod';
import { blob } from '../../blobs.mjs';
import { confirmed } from '../../nested.mjs';
import { rows, rowsAtOnce } from '../../rows.mjs';
import { Bytes, Order, Row } from '../../schemas.mjs';

export const methods = {
  uppercase: {
    input: z.string(),
    output: z.string(),
    handle: async (value) => value.toUpperCase(),
  },
  rows: { input: z.number(), output: Row, streams: true, handle: rows },
  rowsAtOnce: { input: z.number(), output: Row, streams: true, handle: rowsAtOnce },
  confirm: { input: Order, output: Order, handle: async (order) => confirmed(order) },
  blob: { input: z.number(), output: Bytes, handle: async (number) => blob(number) },
  echo: { input: Bytes, output: Bytes, handle: async (bytes) => bytes },
};
