import type { OwnedFile } from '../listener.ts';

/** Marks the messages of a hand-over among all others of a child's channel. */
const MARK = 'hand-over/1';

/**
 * A step of a hand-over. The old server offers and the new one requests, each once it listens to the other, so that
 * neither has to be first; then the old one sends its sockets.
 */
export type Step =
  | { readonly step: 'offer'; readonly id: string }
  | { readonly step: 'request'; readonly id: string | undefined }
  | {
      readonly step: 'socket';
      readonly id: string;
      readonly address: string;
      /** The file that goes along, if there is one. */
      readonly owned: OwnedFile | undefined;
      /** How many sockets there are. */
      readonly of: number;
    }
  /** The new one serves, and asks for the files. From `yours` on they are its own. */
  | { readonly step: 'serving'; readonly id: string }
  | { readonly step: 'yours'; readonly id: string }
  | { readonly step: 'failed'; readonly id: string; readonly why: string }
  | { readonly step: 'withdrawn'; readonly id: string; readonly why: string };

/** What is sent. */
export type HandOverMessage = Step & { readonly nearcall: typeof MARK };

export function handOverMessage(step: Step): HandOverMessage {
  return { nearcall: MARK, ...step };
}

/** Whether this is a step of a hand-over whose words are texts: whatever else comes is the program's own matter. */
export function isHandOverMessage(message: unknown): message is HandOverMessage {
  if ((message as HandOverMessage | null)?.nearcall !== MARK) return false;
  const { id, why, address } = message as { readonly [key: string]: unknown };
  return [id, why, address].every((word) => word === undefined || typeof word === 'string');
}

/** How long each side waits for the other, in milliseconds. */
export const PATIENCE = 30_000;

/**
 * @throws RangeError for a time that no timer can take.
 */
export function checkPatience(timeout: number): void {
  if (timeout > 0 && timeout < 2 ** 31) return;
  throw new RangeError(
    `The timeout of a hand-over is ${timeout}; it must be a number of milliseconds from 1 to 2^31-1.`,
  );
}
