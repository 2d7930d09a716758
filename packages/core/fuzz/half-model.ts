/** One direction of a call, or of the events, by PROTOCOL.md's sections 6 and 7. */
import { FLAG, FRAME } from '../src/wire/frame.ts';
import type { Limits } from '../src/wire/limits.ts';
import { Cursor, need } from './cursor.ts';
import { itemsIn } from './payloads.ts';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly call: number;
  readonly payload: Buffer;
}

/** One direction of a call, or of the events. */
export interface Half {
  state: 'OPEN' | 'ITEM' | 'FINAL' | 'CLOSED';
  /** What may still be sent. */
  account: number;
  /** The bytes that the message under way still lacks. */
  lacks: number;
}

/** The first frame of the one message of a half. */
export function single(limits: Limits, half: Half, flags: number, fields: Cursor, loose: boolean): boolean {
  if ((flags & FLAG.MORE) === 0) {
    half.state = 'CLOSED';
    return true;
  }
  half.state = 'FINAL';
  return begin(limits, half, flags, fields, loose);
}

/** A message that goes on in chunks. */
function begin(limits: Limits, half: Half, flags: number, fields: Cursor, loose: boolean): boolean {
  const most = (flags & FLAG.RAW) !== 0 ? limits.bytes : limits.message;
  const known = fields.left >= 8;
  const total = known ? fields.uint(4) * 2 ** 32 + fields.uint(4) : 0;
  const right = known && total <= most && total > fields.left;
  need(right || loose);
  half.lacks = total - fields.left;
  return right;
}

export function part(limits: Limits, half: Half, { type, flags, payload }: Frame, loose: boolean): boolean {
  const more = (flags & FLAG.MORE) !== 0;
  const { length } = payload;
  if (type === FRAME.CHUNK) {
    need(half.state === 'ITEM' || half.state === 'FINAL');
    const right = length > 0 && length <= half.lacks && more === length < half.lacks && length <= half.account;
    half.lacks -= length;
    half.account -= length;
    if (!more) half.state = half.state === 'ITEM' ? 'OPEN' : 'CLOSED';
    need(right || loose);
    return right;
  }
  const fields = new Cursor(payload);
  let right = true;
  if (type === FRAME.ITEM && more) {
    half.state = 'ITEM';
    right = begin(limits, half, flags, fields, loose);
  }
  half.account -= fields.left + 64 * (type === FRAME.ITEMS ? Math.max(1, itemsIn(payload)) : 1);
  need(half.account >= 0 || loose);
  return right && half.account >= 0;
}
