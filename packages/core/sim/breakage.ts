import type { CallOptions } from '../src/contract/call-options.ts';
import type { Context } from '../src/contract/context.ts';
import type { Clock } from '../src/peer/clock.ts';
import type { Side } from './agenda.ts';
import type { MethodName } from './contract.ts';
import type { Distort } from './link-style.ts';
import type { Random } from './random.ts';

/** How calls are made on a peer. What comes of one is a promise, or a stream. */
export type Invoke = (service: string, method: string, input: unknown, options: CallOptions | undefined) => unknown;

/** Runs a handler, given what it would do. */
export type RunHandler = (handler: () => unknown, method: MethodName) => unknown;

/** What is broken on purpose in a world, to show that it does not go unseen. Each is made anew for a side of a run. */
export interface Breakage {
  bytes?(random: Random, side: Side): Distort;
  clock?(clock: Clock): Clock;
  invoke?(invoke: Invoke): Invoke;
  handler?: RunHandler;
  /** What a nested call is nested in. */
  parent?(context: Context): Context | undefined;
}
