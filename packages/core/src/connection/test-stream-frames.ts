/** Frames of streams and events for the tests of this room: made by hand, and read in short. No part of the package. */
import { KIND } from '../contract/kind.ts';
import { decodeBody, encodeBody } from '../wire/body.ts';
import { EVENTS_CALL, FLAG, FRAME, frameName } from '../wire/frame.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import { frame as frameOf, type Part, u32, u64 } from './test-frames.ts';

export function u16(value: number): Buffer {
  return Buffer.of(value >>> 8, value);
}

export function frame(type: number, call: number, payload: readonly Part[] = [], flags = 0): Buffer {
  return frameOf(type, call, payload, flags);
}

/** The METHOD frame for a method of the service `s`. */
export function methodFrame(number: number, kind: number, name: string): Buffer {
  return frame(FRAME.METHOD, 0, [u16(number), kind, 1, 's', name.length, name]);
}

/** One for each kind, whose number is the kind: of the methods `s.unary`, `s.serverStream`, … */
export const METHODS: Buffer = Buffer.concat(
  Object.entries(KIND).map(([name, number]) => methodFrame(number, number, name)),
);

export function packed(value: unknown): Uint8Array {
  return encodeBody(value, { ...DEFAULT_LIMITS, message: 2 ** 31 });
}

export function itemsFrame(call: number, ...items: readonly unknown[]): Buffer {
  return frame(FRAME.ITEMS, call, [packed(items)]);
}

/** An ITEM of so many bytes, which goes on behind the first of them. */
export function longItem(call: number, total: number, first: number, flags: number = FLAG.RAW): Buffer {
  return frame(FRAME.ITEM, call, [u64(total), new Uint8Array(first)], FLAG.MORE | flags);
}

export function chunkFrame(call: number, length: number, more: boolean): Buffer {
  return frame(FRAME.CHUNK, call, [new Uint8Array(length)], more ? FLAG.MORE : 0);
}

export function creditFrame(call: number, credit: number): Buffer {
  return frame(FRAME.CREDIT, call, [u32(credit)]);
}

export interface Sent {
  readonly type: number;
  readonly flags: number;
  readonly call: number;
  readonly payload: Buffer;
}

/** A frame in short: `ITEM+ 0 1000`, with its call and its payload's length; those of the connection without a call. */
export function inShort({ type, flags, call, payload }: Sent): string {
  const more = type !== FRAME.GOAWAY && (flags & FLAG.MORE) !== 0 ? '+' : '';
  if (type === FRAME.CREDIT) return `CREDIT ${call === EVENTS_CALL ? 'events' : call} ${payload.readUInt32BE()}`;
  const of = type < FRAME.REQUEST ? '' : ` ${call === EVENTS_CALL ? 'events' : call}`;
  return `${frameName(type)}${more}${of} ${payload.length}`;
}

/** What an ERROR or GOAWAY without metadata says. */
export function says(sent: Sent | undefined): { code: number; message: string; ran?: boolean } {
  const { payload } = sent as Sent;
  return decodeBody(payload, 0, payload.length, false, DEFAULT_LIMITS) as ReturnType<typeof says>;
}
