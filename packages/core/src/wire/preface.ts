/**
 * The first bytes each way, in ASCII so that whoever meets them unprepared can read them:
 *
 *     nearcall/1 dial␊            from the end that connected
 *     nearcall/1 open␊            from the end that accepted, once it has read the dialer's
 *     nearcall/1 no: <why>␊       from the end that accepted, instead; then it closes
 */

/** Which end of a connection one is. It decides who speaks first and the parity of call ids, and nothing else. */
export type Role = 'dialer' | 'acceptor';

export const PREFACE: { readonly [R in Role]: Buffer } = {
  dialer: Buffer.from('nearcall/1 dial\n', 'latin1'),
  acceptor: Buffer.from('nearcall/1 open\n', 'latin1'),
};

const REFUSAL = 'nearcall/1 no: ';

/** The longest line of refusal, in bytes, its line feed counted. */
export const REFUSAL_BYTES = 512;

/** A line that tells a stranger why it is not served. Always ASCII, always one line. */
export function refusal(why: string): Buffer {
  const line = REFUSAL + printable(why);
  return Buffer.from(`${line.slice(0, REFUSAL_BYTES - 1)}\n`, 'latin1');
}

/** Foreign bytes as they can stand in a message: printable ASCII, the rest as escapes. */
export function printable(bytes: string | Uint8Array): string {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
  return text.replace(/[^\x20-\x7e]/g, (c) => {
    if (c === '\n') return '\\n';
    if (c === '\r') return '\\r';
    const unit = c.charCodeAt(0);
    return unit < 0x100 ? `\\x${unit.toString(16).padStart(2, '0')}` : `\\u${unit.toString(16).padStart(4, '0')}`;
  });
}

/** What the first bytes of the other end turned out to be. */
export type PrefaceResult =
  | { readonly kind: 'incomplete' }
  /** The preface, and where the rest of the bytes begins. */
  | { readonly kind: 'accepted'; readonly rest: number }
  /** Another nearcall that will not serve us, in its words. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Something else. `at` is the first byte that differs. */
  | { readonly kind: 'foreign'; readonly at: number };

/**
 * Judges the first bytes that the other end sent, all of them so far. A mismatch is told at the first byte that
 * differs; a refusal is read to the end of its line, or as far as it came when `ended`.
 */
export function readPreface(received: Buffer, from: Role, ended: boolean): PrefaceResult {
  const expected = PREFACE[from];
  const differs = firstDifference(received, expected);
  if (differs === expected.length) return { kind: 'accepted', rest: differs };
  if (from === 'acceptor' && differs < received.length) {
    const inRefusal = firstDifference(received, REFUSAL_START);
    if (inRefusal === REFUSAL_START.length) return readRefusal(received, ended);
    if (inRefusal === received.length) return { kind: 'incomplete' };
  }
  return differs === received.length ? { kind: 'incomplete' } : { kind: 'foreign', at: differs };
}

const REFUSAL_START = Buffer.from(REFUSAL, 'latin1');

function readRefusal(received: Buffer, ended: boolean): PrefaceResult {
  const lineEnd = received.indexOf(0x0a);
  if (lineEnd === -1 && !ended && received.length < REFUSAL_BYTES) return { kind: 'incomplete' };
  const end = lineEnd === -1 ? received.length : lineEnd;
  const line = received.subarray(REFUSAL_START.length, Math.min(end, REFUSAL_BYTES));
  return { kind: 'refused', why: printable(line) };
}

function firstDifference(received: Buffer, expected: Buffer): number {
  const length = Math.min(received.length, expected.length);
  for (let i = 0; i < length; i++) if (received[i] !== expected[i]) return i;
  return length;
}
