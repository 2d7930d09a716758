import { FLAG, FRAME, frameName, HEADER_BYTES } from '../src/wire/frame.ts';
import { PREFACE } from '../src/wire/preface.ts';
import { tokenIn } from './token.ts';

/** What a tap tells of the frames that it sees. */
export interface TapEvents {
  /** A frame has come whole. */
  frame(what: string): void;
  /** The last frame of a request has come; with its token, where it carries one. */
  requested(token: number | undefined): void;
  /** One end tells the other that it broke the protocol. */
  accused(words: string): void;
}

const TOKEN_WITHIN = 64;

/** Reads the frames of one direction from its bytes as they are delivered, with a decoder of its own. */
export class Tap {
  readonly #events: TapEvents;
  #kept: Buffer = Buffer.alloc(0);
  #skip = PREFACE.dialer.length;
  /** The tokens of requests that go on in chunks, by call id. */
  readonly #long = new Map<number, number | undefined>();

  constructor(events: TapEvents) {
    this.#events = events;
  }

  see(bytes: Buffer): void {
    let rest = this.#kept.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#kept, bytes]);
    const skipped = Math.min(this.#skip, rest.length);
    this.#skip -= skipped;
    rest = rest.subarray(skipped);
    while (rest.length >= HEADER_BYTES) {
      const end = 4 + rest.readUInt32BE(0);
      if (end < HEADER_BYTES || rest.length < end) break;
      this.#frame(rest[4] as number, rest[5] as number, rest.readUInt32BE(6), rest.subarray(HEADER_BYTES, end));
      rest = rest.subarray(end);
    }
    this.#kept = rest;
  }

  #frame(type: number, flags: number, call: number, payload: Buffer): void {
    const more = (flags & FLAG.MORE) !== 0;
    this.#events.frame(`${frameName(type)}${more ? '+' : ''} call ${call}, ${payload.length} bytes`);
    if (type === FRAME.REQUEST) {
      const token = tokenIn(payload.toString('latin1', 0, TOKEN_WITHIN));
      if (more) this.#long.set(call, token);
      else this.#events.requested(token);
    } else if (type === FRAME.CHUNK && !more && this.#long.has(call)) {
      const token = this.#long.get(call);
      this.#long.delete(call);
      this.#events.requested(token);
    } else if (type === FRAME.CANCEL) {
      this.#long.delete(call);
    } else if (type === FRAME.GOAWAY) {
      const words = payload.toString('latin1');
      if (words.includes('broke the protocol')) this.#events.accused(words);
    }
  }
}
