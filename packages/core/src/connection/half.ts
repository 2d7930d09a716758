import { frameName } from '../wire/frame.ts';
import { ProtocolError } from '../wire/protocol-error.ts';

/**
 * The life of one direction of a call, whole, in one table. A call has two such halves, caller to callee and back; its
 * slot is free when both are closed. The sender follows the table, and the receiver holds it to it.
 */

/** Where a half stands. */
export const HALF = {
  /** Nothing is under way: items, or the one message, may come. */
  OPEN: 0,
  /** A long item is under way in chunks. */
  ITEM: 1,
  /** The last message is under way in chunks. */
  FINAL: 2,
  /** The last frame has passed. */
  CLOSED: 3,
} as const;

export type Half = (typeof HALF)[keyof typeof HALF];

/** What passes along a half. A plus marks the MORE flag: chunks follow. */
export const STEP = {
  /** HEADER, ITEMS, or an ITEM of one frame. */
  PART: 0,
  /** An ITEM that goes on. */
  'PART+': 1,
  /** A CHUNK that ends its message. */
  CHUNK: 2,
  /** A CHUNK that does not. */
  'CHUNK+': 3,
  /** ANSWER, END, or a REQUEST whose input is one message. */
  FINAL: 4,
  /** An ANSWER or REQUEST that goes on. */
  'FINAL+': 5,
  /** ERROR or CANCEL: ends the half at any point, what was under way is dropped. */
  ABORT: 6,
} as const;

export type Step = (typeof STEP)[keyof typeof STEP];

const { OPEN, ITEM, FINAL, CLOSED } = HALF;
const no = undefined;

/** The half that follows, by half and step; undefined where the step breaks the protocol. */
export const HALVES: readonly (readonly (Half | undefined)[])[] = [
  //          PART  PART+ CHUNK   CHUNK+ FINAL   FINAL+ ABORT
  /* OPEN   */ [OPEN, ITEM, no, no, CLOSED, FINAL, CLOSED],
  /* ITEM   */ [no, no, OPEN, ITEM, no, no, CLOSED],
  /* FINAL  */ [no, no, CLOSED, FINAL, no, no, CLOSED],
  /* CLOSED */ [no, no, no, no, no, no, no],
];

/** The half that follows `half` by `step`, or undefined where it may not be taken. */
export function next(half: Half, step: Step): Half | undefined {
  return (HALVES[half] as readonly (Half | undefined)[])[step];
}

/** The half that this end receives takes a step. @throws ProtocolError where it may not. */
export function step(call: { readonly id: number; receiving: Half }, type: number, taken: Step): void {
  const half = next(call.receiving, taken);
  if (half === undefined) throw new ProtocolError(`${frameName(type)} out of turn for the call ${call.id}`);
  call.receiving = half;
}
