import { EVENTS_CALL, FLAG, FRAME, frameName } from '../src/wire/frame.ts';
import { type Frame, FrameCutter } from './frame-cutter.ts';
import { tokenIn } from './token.ts';

/** What a tap tells of the frames of one direction. */
export interface TapEvents {
  /** A frame has come whole. */
  frame(frame: Frame): void;
  /** The first frame of a call or event has come; with its token, where it carries one. */
  begun(token: number | undefined): void;
  /** A call or event has come as far as its handler needs; with its token, where it carries one. */
  requested(token: number | undefined): void;
  /** One end tells the other that it broke the protocol. */
  accused(words: string): void;
}

const TOKEN_WITHIN = 64;

/** Reads along with one side what it sends, or what it gets. */
export class Tap {
  readonly #events: TapEvents;
  readonly #cutter = new FrameCutter((frame) => this.#frame(frame));
  /** The beginnings of requests and events that go on in chunks, by call id. */
  readonly #long = new Map<number, string>();

  constructor(events: TapEvents) {
    this.#events = events;
  }

  /** The bytes that have come of a frame that is not whole. */
  get kept(): number {
    return this.#cutter.kept;
  }

  see(bytes: Uint8Array): void {
    this.#cutter.see(bytes);
  }

  #frame(frame: Frame): void {
    const { type, flags, call, payload } = frame;
    const more = (flags & FLAG.MORE) !== 0;
    this.#events.frame(frame);
    const text = () => payload.toString('latin1', 0, TOKEN_WITHIN);
    if (type === FRAME.REQUEST || type === FRAME.EVENT) {
      const head = text();
      this.#events.begun(tokenIn(head));
      if (more) this.#long.set(call, head);
      else this.#events.requested(tokenIn(head));
    } else if (type === FRAME.CHUNK && this.#long.has(call)) {
      const head = this.#long.get(call) ?? '';
      // A first frame may hold no more than the first byte.
      if (head.length < TOKEN_WITHIN) this.#long.set(call, head + text());
      if (more) return;
      this.#events.requested(tokenIn(this.#long.get(call) ?? ''));
      this.#long.delete(call);
    } else if (type === FRAME.CANCEL) {
      this.#long.delete(call);
    } else if (type === FRAME.GOAWAY) {
      const words = payload.toString('latin1');
      if (words.includes('broke the protocol')) this.#events.accused(words);
    }
  }
}

/** A frame in a few words. */
export function wordsFor({ type, flags, call, payload }: Frame): string {
  const more = (flags & FLAG.MORE) !== 0 ? '+' : '';
  const whose = call === EVENTS_CALL ? 'events' : `call ${call}`;
  const what = type === FRAME.CREDIT && payload.length >= 4 ? payload.readUInt32BE(0) : `${payload.length} bytes`;
  return `${frameName(type)}${more} ${whose}, ${what}`;
}
