import type { Limits } from '../../src/wire/limits.ts';
import type { LinkStyle } from '../link-style.ts';
import type { ClockStyle } from '../sim-clock.ts';
import type { WorkName } from './contract.ts';

/** One call or event that a client makes. */
export interface WorkPlan {
  /** What it is known by at both ends. */
  readonly token: number;
  readonly at: number;
  readonly method: WorkName;
  /** About how long what it sends is, in characters. */
  readonly size: number;
  /** How many items its streams have, and how many of them its reader wants. */
  readonly items: number;
  readonly reads: number;
  /** How long its handler takes, in milliseconds; a stream's before each item. */
  readonly takes: number;
  /** Whether its handler fails, with the worst words that it can find. */
  readonly fails: boolean;
  readonly waits: boolean | undefined;
  readonly deadline: number | undefined;
  /** When it is given up, in milliseconds after it was made. */
  readonly abort: number | undefined;
}

/** What a client that dials meets. */
export type Mood = 'up' | 'down' | 'busy' | 'refusing' | 'hanging';

/** What befalls a server. */
export interface Happening {
  readonly at: number;
  readonly server: number;
  /** It stands so from now on; or its process dies, or it ends its connections. */
  readonly what: Mood | 'killed' | 'drained';
  /** How long it lets what has begun go on, where it ends its connections. */
  readonly grace: number;
}

/** A whole run of one client, as far as it is decided before it begins. */
export interface ChannelPlan {
  readonly strict: boolean;
  readonly link: LinkStyle;
  readonly clock: ClockStyle;
  /** What the servers take. */
  readonly limits: Limits;
  readonly handshake: number;
  readonly waitForReady: boolean;
  readonly first: number;
  readonly initial: number;
  /** How each server stands in the beginning. */
  readonly servers: readonly Mood[];
  /** Whether no server ends anything that has begun. */
  readonly gentle: boolean;
  readonly calls: readonly WorkPlan[];
  readonly happenings: readonly Happening[];
  /** From when on all servers are up. */
  readonly horizon: number;
  /** When the client is closed, where that is not when all is done; and how. */
  readonly closesAt: number | undefined;
  readonly grace: number;
}
