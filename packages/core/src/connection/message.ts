import type { BodyLimits } from '../wire/body.ts';
import type { Form } from '../wire/form.ts';
import { FLAG } from '../wire/frame.ts';
import { FrameWriter } from '../wire/frame-writer.ts';
import type { Limits } from '../wire/limits.ts';
import { MAX_TEXT, textRoom, writeText } from '../wire/text.ts';
import type { Call } from './call.ts';
import { HALF, next, STEP } from './half.ts';
import { FIRST_BYTES, LongMessage } from './long-message.ts';
import type { Outbox } from './outbox.ts';

/** The bytes that tell a long message's whole length. */
export const TOTAL_BYTES = 8;

/** A message that has come whole, and is not decoded yet. */
export interface Message {
  /**
   * What it holds. `raw`: it is bytes and no msgpack.
   *
   * @throws Malformed where it is not one value within the limits.
   */
  value(raw: boolean, limits: BodyLimits): unknown;
  /** What it holds, read and checked by this form, or NOT_PLAIN. */
  formed(form: Form, limits: BodyLimits): unknown;
}

/** What stands between a message's header and its body. It is `size` bytes long. */
export interface Prologue {
  readonly size: number;
  readonly flags: number;
  write(outbox: Outbox): void;
}

/**
 * Writes a message of one frame whose body is a string, without a copy in between. Returns false, having written
 * nothing, where the value is none, or may not fit.
 */
export function writeString(
  outbox: Outbox,
  type: number,
  call: Call,
  prologue: Prologue,
  value: unknown,
  limits: Pick<Limits, 'chunk' | 'message'>,
): boolean {
  if (typeof value !== 'string' || value.length > MAX_TEXT) return false;
  const room = textRoom(value.length);
  if (room > limits.message || room + prologue.size > limits.chunk) return false;
  const { frames } = outbox;
  frames.begin(type, prologue.flags, call.id, room + prologue.size);
  prologue.write(outbox);
  const end = writeText(frames.buffer, frames.at, value);
  if (end < 0) {
    frames.abandon();
    return false;
  }
  frames.at = end;
  frames.end();
  call.sending = HALF.CLOSED;
  return true;
}

/**
 * Writes a message: one frame, or the first of several where it is longer than `chunk`. Its half is closed once the
 * last frame is written, and `sent` is called then where that is later.
 */
export function writeMessage(
  outbox: Outbox,
  type: number,
  call: Call,
  prologue: Prologue,
  body: Uint8Array,
  raw: boolean,
  chunk: number,
  sent: () => void,
): void {
  const { frames } = outbox;
  const flags = prologue.flags | (raw ? FLAG.RAW : 0);
  if (prologue.size + body.length <= chunk) {
    frames.begin(type, flags, call.id, prologue.size + FrameWriter.roomFor(body.length));
    prologue.write(outbox);
    frames.endWith(body);
    call.sending = HALF.CLOSED;
    return;
  }
  const first = Math.min(chunk, FIRST_BYTES) - prologue.size - TOTAL_BYTES;
  frames.begin(type, flags | FLAG.MORE, call.id, prologue.size + TOTAL_BYTES + FrameWriter.roomFor(first));
  prologue.write(outbox);
  frames.u64(body.length);
  frames.endWith(body.subarray(0, first));
  call.sending = next(call.sending, STEP['FINAL+']) ?? call.sending;
  const rest = new LongMessage(outbox, call.id, body, first, () => {
    call.sending = HALF.CLOSED;
    sent();
  });
  outbox.addFlow(call.id, rest);
}
