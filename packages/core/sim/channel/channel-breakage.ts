import type { Channel } from '../../../client/src/channel.ts';
import type { Clock } from '../../src/peer/clock.ts';
import type { Invoke } from '../breakage.ts';

/** What is broken on purpose in a world of one client, to show that it does not go unseen. */
export interface ChannelBreakage {
  channel?(channel: Channel): void;
  clock?(clock: Clock): Clock;
  invoke?(invoke: Invoke): Invoke;
  /** Runs a handler, given what it would do. */
  handler?(handler: () => unknown): unknown;
}
