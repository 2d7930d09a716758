import type { Metadata } from '../error/metadata.ts';
import { FLAG } from '../wire/frame.ts';
import type { Limits } from '../wire/limits.ts';
import { encodeMetadata } from '../wire/metadata.ts';
import type { Prologue } from './message.ts';
import type { Outbox } from './outbox.ts';

/** What goes along with an answer: it stands between the ANSWER's header and its body. */
export class Trailer implements Prologue {
  readonly flags: number = FLAG.METADATA;
  readonly size: number;
  /** What it holds, for where an error goes in place of the answer. */
  readonly metadata: Metadata;
  readonly #bytes: Uint8Array;

  /**
   * `before`: what was to go along already; of one key the later stands.
   *
   * @throws RpcError for a value that is neither text nor bytes, and for too much.
   */
  constructor(metadata: Metadata, before: Trailer | undefined, limits: Pick<Limits, 'metadata' | 'chunk'>) {
    // Before they are joined, or what is no metadata would be taken apart into what looks like some.
    const bytes = encodeMetadata(metadata, limits);
    this.metadata = { ...before?.metadata, ...metadata };
    this.#bytes = before === undefined ? bytes : encodeMetadata(this.metadata, limits);
    this.size = 2 + this.#bytes.length;
  }

  write({ frames }: Outbox): void {
    frames.u16(this.#bytes.length);
    frames.bytes(this.#bytes);
  }
}
