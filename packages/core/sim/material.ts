/** What messages are made of: texts and bytes in which any two places differ, so that no mix-up goes unseen. */
import { tokenText } from './token.ts';

const MOST = 400_000;
const TEXT = Array.from({ length: MOST / 5 }, (_, i) => i.toString(36).padStart(4, '0')).join('.');
const BYTES = Buffer.from(TEXT, 'latin1');

/** An ASCII text of so many characters, or a little more, that begins with the token. */
export function text(token: number, size: number): string {
  const head = tokenText(token);
  const from = (token * 5) % 1000;
  return head + TEXT.slice(from, from + Math.max(0, size - head.length));
}

/** So many bytes, that begin with the token. */
export function bytes(token: number, size: number): Uint8Array {
  const head = Buffer.from(tokenText(token), 'latin1');
  const out = new Uint8Array(Math.max(size, head.length));
  const from = (token * 5) % 1000;
  out.set(BYTES.subarray(from, from + out.length));
  out.set(head);
  return out;
}

const WORDS = ['straße', 'ŉandu', 'Ελλάδα', '日本語テキスト', '😀😃', 'é', 'ǰ', '\u0000', 'ﬃ'];

/** A text that is not ASCII. */
export function unicode(token: number, words: number): string {
  const said = Array.from({ length: words }, (_, i) => WORDS[(token + i) % WORDS.length]);
  return `${tokenText(token)}${said.join(' ')}`;
}

/** An object of every kind of value that crosses. */
export function anything(token: number): Record<string, unknown> {
  return {
    token: tokenText(token),
    nothing: undefined,
    none: null,
    numbers: [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, -(2 ** 40)],
    big: 2n ** 70n + BigInt(token),
    at: new Date(1_700_000_000_000 + token),
    map: new Map<unknown, unknown>([
      ['a', 1],
      [2, { b: new Set(['c', token]) }],
    ]),
    bytes: bytes(token, 24),
    deep: { er: { still: [text(token, 40)] } },
  };
}

/** An object so deep. */
export function nested(token: number, depth: number): unknown {
  let value: unknown = tokenText(token);
  for (let i = 0; i < depth; i++) value = { token: tokenText(token), value };
  return value;
}
