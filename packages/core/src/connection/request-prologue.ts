import { FLAG } from '../wire/frame.ts';
import type { Limits } from '../wire/limits.ts';
import { checkMetadata } from '../wire/metadata.ts';
import type { OutgoingCall } from './call.ts';
import type { Prologue } from './message.ts';
import type { Outbox } from './outbox.ts';

/** The prologue of a REQUEST. One serves all connections, set anew for each call. */
export class RequestPrologue implements Prologue {
  flags = 0;
  size = 0;
  #method = 0;
  #milliseconds = 0;
  #nesting = 0;
  #metadata: Uint8Array | undefined = undefined;

  /** @throws RpcError not sent, for metadata that is too much. */
  set(method: number, timeLeft: number, { nesting, metadata }: OutgoingCall, remote: Limits): void {
    this.#method = method;
    this.flags = 0;
    this.size = 2;
    if (timeLeft !== Number.POSITIVE_INFINITY) {
      this.flags = FLAG.DEADLINE;
      this.size = 6;
      this.#milliseconds = Math.min(Math.max(Math.ceil(timeLeft), 0), 0xffff_ffff);
    }
    if (nesting > 0) {
      this.flags |= FLAG.NESTED;
      this.size++;
      this.#nesting = nesting;
    }
    if (metadata === undefined) return;
    checkMetadata(metadata, remote);
    this.#metadata = metadata;
    this.flags |= FLAG.METADATA;
    this.size += 2 + metadata.length;
  }

  write({ frames }: Outbox): void {
    frames.u16(this.#method);
    if (this.flags === 0) return;
    if ((this.flags & FLAG.DEADLINE) !== 0) frames.u32(this.#milliseconds);
    if ((this.flags & FLAG.NESTED) !== 0) frames.buffer[frames.at++] = this.#nesting;
    if ((this.flags & FLAG.METADATA) === 0) return;
    const metadata = this.#metadata as Uint8Array;
    frames.u16(metadata.length);
    frames.bytes(metadata);
  }
}
