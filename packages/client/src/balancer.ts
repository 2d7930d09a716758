import { DEFAULT_LIMITS, type Exit, type Limits, type Pending } from '@nearcall/core';
import type { Connectivity } from './connectivity.ts';
import type { Subchannel } from './subchannel.ts';

/** Spreads calls over the connections to several addresses. */
export class Balancer {
  readonly #subchannels: readonly Subchannel[];
  /** Whose turn it is among those that have as few calls. */
  #turn = 0;

  constructor(subchannels: readonly Subchannel[]) {
    this.#subchannels = subchannels;
  }

  /** Whether a call, or an event, can leave now. */
  can(call: Pending): boolean {
    return this.#subchannels.some(({ exit }) => exit?.can(call) === true);
  }

  /** The one with the fewest calls; among several such each in turn. */
  pick(call: Pending): Exit | undefined {
    const all = this.#subchannels;
    let best: Exit | undefined;
    let at = 0;
    for (let i = 0; i < all.length; i++) {
      const index = (this.#turn + i) % all.length;
      const exit = all[index]?.exit;
      if (exit === undefined || !exit.can(call) || (best !== undefined && exit.load >= best.load)) continue;
      best = exit;
      at = index;
    }
    if (best !== undefined) this.#turn = (at + 1) % all.length;
    return best;
  }

  /** Those that new calls may leave over. */
  get ready(): Exit[] {
    return this.#subchannels.map(({ exit }) => exit).filter((exit) => exit !== undefined);
  }

  /** Those that calls may be open on. */
  all(): Exit[] {
    return this.#subchannels.flatMap((subchannel) => subchannel.exits());
  }

  /** Whether there is another way where one of them is lost. */
  get lasting(): boolean {
    return this.ready.length > 1 || this.#subchannels.some(({ reconnects }) => reconnects);
  }

  /** What the other ends take. */
  get remote(): Limits {
    return this.ready[0]?.remote ?? DEFAULT_LIMITS;
  }

  /** Whether all have as many calls as the other ends take. */
  get crowded(): boolean {
    const { ready } = this;
    return ready.length > 0 && ready.every(({ crowded }) => crowded);
  }

  /** How the best of them stands. */
  get connectivity(): Connectivity {
    const all = new Set(this.#subchannels.map(({ connectivity }) => connectivity));
    return BEST_FIRST.find((connectivity) => all.has(connectivity)) ?? 'SHUTDOWN';
  }
}

const BEST_FIRST: readonly Connectivity[] = ['READY', 'CONNECTING', 'TRANSIENT_FAILURE'];
