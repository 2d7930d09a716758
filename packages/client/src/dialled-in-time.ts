import { type Clock, isTransport, type Transport } from '@nearcall/core';

/**
 * A transport that is on its way, if it comes in time: what makes it may wait for something that never does, and then
 * the client would dial no more.
 *
 * @throws Error that says so.
 */
export function dialledInTime(dialled: Promise<Transport>, clock: Clock, patience: number): Promise<Transport> {
  return new Promise((resolve, reject) => {
    let late = false;
    const stop = clock.timer(() => {
      late = true;
      reject(new Error(`no transport came within ${patience} ms (option "handshake").`));
    }, patience);
    dialled.then(
      (transport) => {
        stop();
        if (!late) resolve(transport);
        else if (isTransport(transport)) transport.destroy();
      },
      (error) => {
        stop();
        reject(error);
      },
    );
  });
}
