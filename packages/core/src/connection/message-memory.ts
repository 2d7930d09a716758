import { copyOf } from '../wire/body.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Pace } from './pace.ts';
import { scavenge, sinceNow } from './scavenge.ts';

/**
 * The longest piece of memory that glibc learns from: just under 32 MiB. What it keeps of freed memory is twice the
 * longest that it was given back, and V8 gives back the bytes of messages by some 32 MiB.
 */
const LESSON = 31 * 1024 * 1024;

/** A copy that is shorter is made as any array. */
const LONG_BYTES = 16_384;

/** How much has been asked for, up to that. */
let taken = 0;

const pace = new Pace(scavenge, sinceNow);

/**
 * Memory for a message, which nobody else has.
 *
 * A process that takes many long messages keeps memory for the next ones: as glibc begins, it gives what V8 frees back to
 * the kernel, and then each page of the next message is faulted in and cleared, which was 37 % of the CPU of 1 MiB there
 * and back. A piece that nobody has touched, and that is garbage at once, teaches it better. Others do not mind.
 *
 * @throws ProtocolError where there is none.
 */
export function messageMemory(bytes: number): Buffer {
  if (taken < LESSON) teach(bytes);
  pace.take(bytes);
  try {
    return Buffer.allocUnsafeSlow(bytes);
  } catch {
    throw new ProtocolError(`a message of ${bytes} bytes, for which there is no memory here`);
  }
}

/**
 * Those bytes in memory of their own, whatever class the source is. Long ones get theirs as longer messages do: with new
 * arrays, which are cleared, and which V8 marks the whole heap for, 20 KB there and back took 1.2 to 1.5 times the CPU, and
 * 64 KB 1.3 to 1.8 times.
 */
export function ownCopy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const size = end - start;
  if (size < LONG_BYTES) return copyOf(bytes, start, end);
  const copy = new Uint8Array(messageMemory(size).buffer);
  copy.set(bytes.subarray(start, end));
  return copy;
}

function teach(bytes: number): void {
  taken += bytes;
  if (taken < LESSON) return;
  try {
    Buffer.allocUnsafeSlow(LESSON);
  } catch {
    // So little is left that it is better given back.
  }
}
