import type { Frame } from './half-model.ts';

/** The bytes of a frame. */
export function bytesOf({ type, flags, call, payload }: Frame): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt32BE(6 + payload.length);
  header[4] = type;
  header[5] = flags;
  header.writeUInt32BE(call, 6);
  return Buffer.concat([header, payload]);
}

/** The frames in these bytes, which are whole. */
export function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    const [type, flags] = [bytes.readUInt8(at + 4), bytes.readUInt8(at + 5)];
    if (end > bytes.length) throw new RangeError('The bytes end in the middle of a frame.');
    frames.push({ type, flags, call: bytes.readUInt32BE(at + 6), payload: bytes.subarray(at + 10, end) });
    at = end;
  }
  return frames;
}

/** The type of the frame that the bytes end in the middle of, if they do and it has come. */
export function unfinishedType(bytes: Buffer): number | undefined {
  for (let at = 0; at + 4 < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return bytes.readUInt8(at + 4);
    at = end;
  }
  return undefined;
}
