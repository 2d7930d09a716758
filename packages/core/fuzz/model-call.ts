import { type Kind, streamsInput, streamsOutput } from '../src/contract/kind.ts';
import type { Half } from './half-model.ts';
import type { Party } from './party.ts';

/** A call that is open. */
export interface ModelCall {
  readonly id: number;
  readonly kind: Kind;
  readonly opener: Party;
  /** By who sends it. */
  readonly halves: readonly [Half, Half];
  /** Whether a HEADER can come no more. */
  headed: boolean;
  cancelled: boolean;
}

/** A method that a party has named. */
export interface Named {
  readonly kind: Kind;
  /** Whether calls of it may be turned away. */
  readonly odd: boolean;
}

/** Whether what this party sends of the call is a stream. */
export function streams({ opener, kind }: ModelCall, party: Party): boolean {
  return opener === party ? streamsInput(kind) : streamsOutput(kind);
}

/** Whether this party drops what comes of the call: a callee once it has ended its half, a caller once it has cancelled. */
export function isDropped({ opener, cancelled, halves }: ModelCall, party: Party): boolean {
  return party === opener ? cancelled : halves[party].state === 'CLOSED';
}
