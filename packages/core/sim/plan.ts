import type { Limits } from '../src/wire/limits.ts';
import type { Side } from './agenda.ts';
import type { CallPlan } from './call-plan.ts';
import type { LinkStyle } from './link-style.ts';
import type { ClockStyle } from './sim-clock.ts';

/** What befalls the connection. */
export type Disturbance =
  | { readonly kind: 'close'; readonly at: number; readonly side: Side; readonly grace: number }
  /** The process at one end dies. */
  | { readonly kind: 'kill'; readonly at: number; readonly side: Side }
  /** Both ends see it closed, each at a time of its own. */
  | { readonly kind: 'cut'; readonly at: number; readonly waits: readonly [number, number]; readonly error: boolean }
  /** One end's writing side is ended. */
  | { readonly kind: 'mute'; readonly at: number; readonly side: Side };

/** What one side allows besides what its hello says. */
export interface Allowance {
  /** How many calls of each method may run at once. */
  readonly concurrency: number;
  /** The budgets of a server: how many calls may be open, and how many bytes of answers may wait. */
  readonly calls: number;
  readonly queued: number;
}

/** A whole run, as far as it is decided before it begins. */
export interface Plan {
  /** Whether what is deferred comes before all else. */
  readonly strict: boolean;
  readonly limits: readonly [Limits, Limits];
  readonly allowances: readonly [Allowance, Allowance];
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
  /** Whether a side calls the other by a later version of its contract. */
  readonly changes: readonly [boolean, boolean];
}
