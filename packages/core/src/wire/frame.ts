/**
 * The layout of a frame, the same for every type:
 *
 *     length u32 | type u8 | flags u8 | call u32 | payload
 *
 * `length` counts what follows it. All numbers are big-endian. PROTOCOL.md says what each payload holds.
 */

/** The frame types. Below 0x10 they concern the connection, from 0x10 on the call that they name. */
export const FRAME = {
  HELLO: 0x01,
  GOAWAY: 0x02,
  PING: 0x03,
  PONG: 0x04,
  CREDIT: 0x05,
  METHOD: 0x06,
  DESCRIBE: 0x07,
  DESCRIPTION: 0x08,
  REQUEST: 0x10,
  ANSWER: 0x11,
  ERROR: 0x12,
  HEADER: 0x13,
  CHUNK: 0x14,
  ITEMS: 0x15,
  ITEM: 0x16,
  END: 0x17,
  CANCEL: 0x18,
  STOP: 0x19,
  EVENT: 0x1a,
} as const;

/** A frame type's name for people. */
export function frameName(type: number): string {
  const known = Object.entries(FRAME).find((frame) => frame[1] === type);
  return known?.[0] ?? `0x${type.toString(16).padStart(2, '0')}`;
}

/** The flags of a frame. */
export const FLAG = {
  /** The message goes on in CHUNK frames; its whole length stands before the body. */
  MORE: 0x01,
  /** The body is the bytes of a `Uint8Array` and no msgpack. */
  RAW: 0x02,
  /** A REQUEST carries the milliseconds that are left for it. */
  DEADLINE: 0x04,
  /** Metadata stands before the body. */
  METADATA: 0x08,
  /** A REQUEST carries how deep it is nested in other calls. */
  NESTED: 0x10,
  /** Whoever does not know the type of this frame skips it. */
  IGNORABLE: 0x80,
} as const;

/** The bytes before the payload. */
export const HEADER_BYTES = 10;

/** What `length` counts besides the payload. */
export const COUNTED_HEADER_BYTES: number = HEADER_BYTES - 4;

/** The call field of frames that concern the events of a direction: EVENT, and their CHUNK and CREDIT. */
export const EVENTS_CALL = 0xffff_ffff;

/** The call field of frames that concern the connection. */
export const NO_CALL = 0;

/** What a HELLO may hold, and every frame before the limits of the other end are known. */
export const HELLO_BYTES = 65_536;
