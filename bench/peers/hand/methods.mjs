import { z } from 'zod';
import { Bytes, Order, Row } from '../../schemas.mjs';

export const methods = {
  uppercase: { input: z.string(), output: z.string() },
  confirm: { input: Order, output: Order },
  rows: { input: z.number(), output: Row, streams: true },
  rowsAtOnce: { input: z.number(), output: Row, streams: true },
  blob: { input: z.number(), output: Bytes },
  echo: { input: Bytes, output: Bytes },
};
