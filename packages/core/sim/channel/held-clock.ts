import type { Clock } from '../../src/peer/clock.ts';
import { SimClock } from '../sim-clock.ts';

/** The virtual time of a client, which counts how often its process is held. */
export class HeldClock extends SimClock implements Clock {
  holds = 0;

  override hold(): () => void {
    this.holds++;
    return () => {
      this.holds--;
    };
  }
}
