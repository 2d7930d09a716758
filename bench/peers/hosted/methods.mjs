import { blob } from '../../blobs.mjs';
import { confirmed } from '../../nested.mjs';
import { usage } from '../../usage.mjs';

const methods = {
  uppercase: (text) => text.toUpperCase(),
  confirm: (order) => confirmed(order),
  blob: (number) => blob(number),
  echo: (bytes) => bytes,
  usage,
};

/** What a server of messages sends back for one. */
export function answerTo({ id, method, params }) {
  return { id, result: methods[method](params) };
}
