/** Frames for the tests of this room: made by hand, and read back. No part of the package. */
import { frameName } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';

export type Part = number | string | Uint8Array;

/** Bytes, of numbers that are one each, text in Latin-1, and bytes as they are. */
export function bytesOf(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part as string, 'latin1'))),
  );
}

export function frame(type: number, call: number, payload: readonly Part[], flags = 0): Buffer {
  const body = bytesOf(payload);
  const header = Buffer.alloc(10);
  header.writeUInt32BE(6 + body.length);
  header[4] = type;
  header[5] = flags;
  header.writeUInt32BE(call, 6);
  return Buffer.concat([header, body]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function hex(value: Uint8Array): string {
  return `bytes ${Buffer.from(value).toString('hex')}`;
}

/** A frame that was sent. */
export interface Sent {
  readonly type: string;
  readonly flags: number;
  readonly call: number;
  readonly payload: Buffer;
}

/** The frames in these bytes, which must be whole. */
export function framesOf(...pieces: readonly Uint8Array[]): Sent[] {
  const frames: Sent[] = [];
  const decoder = new FrameDecoder(2 ** 24, {
    frame: (type, flags, call, bytes, start, end) =>
      frames.push({ type: frameName(type), flags, call, payload: Buffer.from(bytes.subarray(start, end)) }),
  });
  for (const piece of pieces) decoder.push(Buffer.from(piece));
  if (decoder.unfinished) throw new Error('The bytes end in the middle of a frame.');
  return frames;
}

/** All that can be taken now. */
export function drain(source: { take(): Uint8Array | undefined }): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let piece = source.take(); piece !== undefined; piece = source.take()) pieces.push(piece);
  return pieces;
}
