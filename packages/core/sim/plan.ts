import type { Limits } from '../src/wire/limits.ts';
import type { Side } from './agenda.ts';
import type { MethodName } from './contract.ts';
import type { LinkStyle } from './link-style.ts';
import type { ClockStyle } from './sim-clock.ts';

/** What is wrong with a call before any handler could run. */
export type Flaw = 'none' | 'unencodable' | 'invalid' | 'over' | 'deep' | 'missing' | 'deadline';

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

/** One call, as it is going to be made and served. */
export interface CallPlan {
  readonly token: number;
  /** Who calls. */
  readonly side: Side;
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
}

/** What befalls the connection. */
export type Disturbance =
  | { readonly kind: 'close'; readonly at: number; readonly side: Side; readonly grace: number }
  /** The process at one end dies. */
  | { readonly kind: 'kill'; readonly at: number; readonly side: Side }
  /** Both ends see it closed, each at a time of its own. */
  | { readonly kind: 'cut'; readonly at: number; readonly waits: readonly [number, number]; readonly error: boolean }
  /** One end's writing side is ended. */
  | { readonly kind: 'mute'; readonly at: number; readonly side: Side };

/** A whole run, as far as it is decided before it begins. */
export interface Plan {
  /** Whether what is deferred comes before all else. */
  readonly strict: boolean;
  readonly limits: readonly [Limits, Limits];
  readonly serves: readonly [boolean, boolean];
  readonly handshake: readonly [number, number];
  readonly link: LinkStyle;
  readonly clock: ClockStyle;
  /** When the accepting end begins to read. */
  readonly acceptedAt: number;
  readonly calls: readonly CallPlan[];
  readonly disturbances: readonly Disturbance[];
  /** Who closes in the end, with what grace. */
  readonly closers: readonly (readonly [Side, number])[];
}
