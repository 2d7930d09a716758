import type { Side } from './agenda.ts';
import type { MethodName } from './contract.ts';
import type { TrackPlan } from './track-plan.ts';

/** What is wrong with a call before any handler could run. */
export type Flaw =
  | 'none'
  | 'unencodable'
  | 'invalid'
  | 'over'
  | 'deep'
  | 'missing'
  | 'breaking'
  | 'deadline'
  | 'no stream';

/** What a handler comes to. */
export type Result =
  | 'right'
  | 'plain'
  | 'rpc'
  | 'rpc-long'
  | 'declared'
  | 'declared-wrong'
  | 'declared-big'
  | 'wrong'
  | 'unencodable'
  | 'over'
  | 'wait';

/** When the caller gives up: never, before it calls, at once after, when the handler starts, or after some time. */
export type Abort = 'never' | 'before' | 'at once' | 'on start' | number;

/** One call or event, as it is going to be made and served. */
export interface CallPlan {
  readonly token: number;
  /** Who calls. */
  readonly side: Side;
  /** When; of a nested call, how long after the handler of its parent has started. */
  readonly at: number;
  readonly method: MethodName;
  readonly flaw: Flaw;
  readonly input: unknown;
  /** What the handler gets for the input. */
  readonly handed: unknown;
  /** What the handler answers, where it answers right; for `over`, what is too much. */
  readonly answer: unknown;
  readonly result: Result;
  /** Undefined: the handler returns no promise; else it settles after so many milliseconds. */
  readonly takes: number | undefined;
  /** When the handler asks for its signal: never, at once, or after so many milliseconds. */
  readonly looks: number | undefined;
  readonly deadline: number | undefined;
  readonly abort: Abort;
  /** What goes along with the call. */
  readonly metadata: { readonly [key: string]: string } | undefined;
  /** The input, where it is a stream. */
  readonly up: TrackPlan | undefined;
  /** The output, where it is a stream. */
  readonly down: TrackPlan | undefined;
  /** Whether the handler gives an item for each one that it reads. */
  readonly echoes: boolean;
  /** How the handler calls its caller back. */
  readonly nested: readonly CallPlan[];
  /** Whether the handler waits for that before it comes to its result. */
  readonly awaits: boolean;
}
