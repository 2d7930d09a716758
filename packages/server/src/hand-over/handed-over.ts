import { checkPatience, handOverMessage, isHandOverMessage, PATIENCE, type Step } from './hand-over-message.ts';
import { HandedOverSockets } from './handed-over-sockets.ts';

/** What an old server has handed over, to be given to `serve` once. */
export interface HandedOver {
  /** Where it listens, as the old server named it. */
  readonly addresses: readonly string[];
}

/** How to wait for what is handed over. */
export interface HandedOverOptions {
  /** How long to wait for the process that has started this one, in milliseconds. Default: 30,000. */
  readonly timeout?: number | undefined;
}

/**
 * The listening sockets of the server that has started this process by `fork`, and calls `handOver`. Give them to
 * `serve`: once that has fulfilled, this process is in charge of them, and of their files. Which process is to ask for
 * them, and which one listens by itself, is yours to say, by an argument or a variable.
 *
 * Other listeners to the `message` event of this process see the messages of a hand-over as well: objects with a key
 * `nearcall`.
 *
 * @throws RangeError for a timeout out of its range.
 * @throws Error where nothing is handed over in time, the other process ends or changes its mind before, or there is no
 * channel to it.
 * @example
 * ```ts
 * const server = await serve(
 *   process.argv.includes('--successor') ? await handedOver() : 'unix:/run/user/1000/text.sock',
 *   implement(text, { uppercase: (s) => s.toUpperCase() }),
 * );
 * ```
 */
export async function handedOver({ timeout = PATIENCE }: HandedOverOptions = {}): Promise<HandedOver> {
  checkPatience(timeout);
  if (process.send === undefined || !process.connected) {
    throw new Error(
      nothing('it has no channel to the process that started it. That has ended, or has not started it by fork().'),
    );
  }
  return new Promise((resolve, reject) => {
    let sockets: HandedOverSockets | undefined;
    let timer: NodeJS.Timeout | undefined;

    const cease = (): void => {
      clearTimeout(timer);
      process.off('message', heard);
      process.off('disconnect', disconnected);
    };
    const fail = (why: string): void => {
      cease();
      sockets?.withdrawn(why);
      reject(new Error(nothing(why)));
    };
    const tell = (step: Step): void => {
      if (process.connected) process.send?.(handOverMessage(step), undefined, undefined, () => {});
    };
    const heard = (message: unknown, handle: unknown): void => {
      if (!isHandOverMessage(message)) return;
      if (message.step === 'offer' && sockets === undefined) return tell({ step: 'request', id: message.id });
      if (message.step === 'socket') {
        const { id, of, address, owned } = message;
        if (handle === undefined) return fail(`the socket of ${address} got lost on its way.`);
        sockets ??= new HandedOverSockets(id, of, { tell, cease });
        if (sockets.id !== id) return;
        sockets.add({ address, owned, handle: handle as { readonly fd: number; close(): void } });
        if (!sockets.complete) return;
        clearTimeout(timer);
        resolve(sockets);
      } else if (message.id !== sockets?.id) return;
      else if (message.step === 'yours') sockets?.agreed();
      else if (message.step === 'withdrawn') fail(message.why);
    };
    const disconnected = (): void => {
      // Where the old server is gone all that it gave is this one's.
      if (sockets?.complete) sockets.agreed();
      else fail('the process that started this one ended, or closed its channel.');
    };
    timer = setTimeout(() => {
      fail(`the process that started this one did not call handOver() within ${timeout} ms.`);
    }, timeout);

    process.on('message', heard);
    process.on('disconnect', disconnected);
    tell({ step: 'request', id: undefined });
  });
}

function nothing(why: string): string {
  return `Nothing was handed over to this process: ${why}`;
}
