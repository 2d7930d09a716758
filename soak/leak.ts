import { openSync } from 'node:fs';

/** What may be broken on purpose, to see that it is found. */
export const LEAKS = ['none', 'object', 'buffer', 'descriptor', 'timer', 'handler'] as const;
export type Leak = (typeof LEAKS)[number];

const kept: unknown[] = [];
let calls = 0;

/** What leaks at each call. */
export function leaking(leak: Leak): () => void {
  switch (leak) {
    case 'object':
      return () => kept.push({ call: calls++ });
    case 'buffer':
      return () => kept.push(new Uint8Array(128));
    case 'descriptor':
      return () => calls++ % 1000 === 0 && openSync('/dev/null', 'r');
    case 'timer':
      return () => calls++ % 1000 === 0 && setTimeout(() => {}, 2 ** 30);
    default:
      return () => {};
  }
}
