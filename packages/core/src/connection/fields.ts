import { isUtf8 } from 'node:buffer';
import type { Metadata } from '../error/metadata.ts';
import { type BodyLimits, decodeBody } from '../wire/body.ts';
import type { Form } from '../wire/form.ts';
import { FLAG } from '../wire/frame.ts';
import { Malformed } from '../wire/inspect.ts';
import type { Limits } from '../wire/limits.ts';
import { decodeMetadata } from '../wire/metadata.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { Message } from './message.ts';
import { ownCopy } from './message-memory.ts';

/** Reads the fields of a payload one after the other. One serves all connections: it is set anew for each frame. */
export class Fields implements Message {
  bytes: Buffer = NOTHING;
  at = 0;
  end = 0;

  reset(bytes: Buffer, start: number, end: number): this {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    return this;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.bytes[this.#skip(1)] as number;
  }

  u16(): number {
    const at = this.#skip(2);
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.#skip(4));
  }

  /** A length in eight bytes, at most 2^53 - 1. */
  length(): number {
    const length = this.u32() * 0x1_0000_0000 + this.u32();
    if (!Number.isSafeInteger(length)) throw new ProtocolError('a message that claims more than 2^53 bytes');
    return length;
  }

  /** The next so many bytes, as a view that is valid only while the frame is. */
  view(length: number): Buffer {
    const at = this.#skip(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A name: its length in one byte, then its text. */
  name(): string {
    const bytes = this.view(this.u8());
    if (bytes.length === 0 || !isUtf8(bytes)) throw new ProtocolError('METHOD with a name that is empty or not UTF-8');
    return bytes.toString('utf8');
  }

  /** The rest, in memory of its own. */
  kept(): Fields {
    return new Fields().reset(Buffer.from(this.bytes.subarray(this.at, this.end)), 0, this.left);
  }

  /** The message that fills the rest. It shares no memory with the frame. */
  value(raw: boolean, limits: BodyLimits): unknown {
    if (raw && this.left <= limits.bytes) return ownCopy(this.bytes, this.at, this.end);
    return decodeBody(this.bytes, this.at, this.end, raw, limits);
  }

  formed(form: Form, limits: BodyLimits): unknown {
    return form.read(this.bytes, this.at, this.end, limits);
  }

  /** The metadata that a frame with these flags carries; undefined where it carries none. */
  metadata(flags: number, limits: Pick<Limits, 'metadata'>): Metadata | undefined {
    if ((flags & FLAG.METADATA) === 0) return undefined;
    const length = this.u16();
    checkLength(length, limits);
    const at = this.#skip(length);
    return readMetadata(this.bytes, at, at + length);
  }

  /** The metadata that fills a HEADER. */
  header(limits: Pick<Limits, 'metadata'>): Metadata {
    checkLength(this.left, limits);
    return readMetadata(this.bytes, this.at, this.end);
  }

  #skip(length: number): number {
    const at = this.at;
    if (at + length > this.end) throw new ProtocolError('a frame too short for its fields');
    this.at = at + length;
    return at;
  }
}

function checkLength(length: number, { metadata }: Pick<Limits, 'metadata'>): void {
  if (length <= metadata) return;
  throw new ProtocolError(`metadata of ${length} bytes, where ${metadata} are taken (limit "metadata")`);
}

function readMetadata(bytes: Buffer, start: number, end: number): Metadata {
  try {
    return decodeMetadata(bytes, start, end);
  } catch (error) {
    throw error instanceof Malformed ? new ProtocolError(`metadata that holds ${error.message}`) : error;
  }
}

const NOTHING = Buffer.alloc(0);
