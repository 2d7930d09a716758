import type { IncomingCall } from './call.ts';
import type { Message } from './message.ts';

/** What a call has come with that waits. */
interface Waiting {
  /** When it became complete. */
  readonly since: number;
  /** Its input, undecoded: it may take sixty times the memory, and nobody has seen yet what it is; none where it is a stream. */
  readonly message: Message | undefined;
  readonly raw: boolean;
}

/** The calls of a method that wait, in the order in which they became complete, while its contract is being compared. */
export type Parked<T> = Map<IncomingCall<T>, Waiting>;
