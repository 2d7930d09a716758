import { blob } from '../../blobs.mjs';
import { confirmed } from '../../nested.mjs';
import { rows, rowsAtOnce } from '../../rows.mjs';

export const handlers = {
  uppercase: async (value) => value.toUpperCase(),
  confirm: async (order) => confirmed(order),
  rows,
  rowsAtOnce,
  blob: async (number) => blob(number),
  echo: async (bytes) => bytes,
};
