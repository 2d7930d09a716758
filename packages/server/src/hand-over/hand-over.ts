import type { ChildProcess, SendHandle } from 'node:child_process';
import type { Listener } from '../listener.ts';
import { handOverMessage, isHandOverMessage, type Step } from './hand-over-message.ts';

/** How long a child's end may take to be told after the end of its channel, in milliseconds. */
const LAG = 1000;

/** Those that are being given something. Two servers at once would not know whom they asked. */
const receiving = new WeakSet<ChildProcess>();

/** Whether a child is being given what another server listens with. */
export function isReceiving(child: ChildProcess): boolean {
  return receiving.has(child);
}

/**
 * Gives a child process what this one listens with. Fulfils when the child serves; until then this server stays in
 * charge, and afterwards the files are the child's to remove.
 *
 * @throws Error saying why the child does not serve.
 */
export function handOver(
  child: ChildProcess,
  listeners: readonly Listener[],
  timeout: number,
  closing: AbortSignal,
): Promise<void> {
  const id = process.getBuiltinModule('node:crypto').randomUUID();
  receiving.add(child);
  return new Promise((resolve, reject) => {
    let asked = false;
    let agreed = false;
    let lag: NodeJS.Timeout | undefined;

    const cease = (): void => {
      receiving.delete(child);
      clearTimeout(timer);
      clearTimeout(lag);
      child.off('message', heard);
      child.off('error', failed);
      child.off('exit', ended);
      child.off('disconnect', disconnected);
      closing.removeEventListener('abort', closed);
    };
    const fail = (why: string, now = ' This server goes on as before.'): void => {
      cease();
      if (child.connected) child.send(handOverMessage({ step: 'withdrawn', id, why }), () => {});
      reject(new Error(`Could not hand over to process ${child.pid}: ${why}${now}`));
    };
    const send = (step: Step, handle?: SendHandle, sent?: () => void): void => {
      child.send(handOverMessage(step), handle, (error) => {
        if (error === null) sent?.();
        // The end of the process tells more.
        else if (child.connected) fail(`${error.message}.`);
      });
    };

    const heard = (message: unknown): void => {
      if (!isHandOverMessage(message) || (message.id !== undefined && message.id !== id) || agreed) return;
      if (message.step === 'request' && !asked) {
        asked = true;
        for (const { address, owned, handle } of listeners) {
          send({ step: 'socket', id, address, owned, of: listeners.length }, handle);
        }
      } else if (message.step === 'serving') {
        agreed = true;
        send({ step: 'yours', id }, undefined, () => {
          cease();
          for (const listener of listeners) listener.leave();
          // It lives by itself from here on: this process may end.
          child.unref();
          child.channel?.unref();
          resolve();
        });
      } else if (message.step === 'failed') fail(`it could not serve: ${message.why}`);
    };
    const failed = ({ message }: Error): void => fail(`${message}.`);
    const ended = (): void => {
      // What it said last may still be on its way.
      if (!child.connected) fail(`it ended with ${child.exitCode ?? child.signalCode} before it served.`);
    };
    const disconnected = (): void => {
      if (child.exitCode !== null || child.signalCode !== null) ended();
      else lag = setTimeout(() => fail('its channel was closed before it served.'), LAG);
    };
    const closed = (): void => {
      if (!agreed) fail('the server that hands over was closed meanwhile.', '');
    };
    const timer = setTimeout(() => {
      if (agreed) return;
      const what = asked ? 'it was given the sockets, and did not serve' : 'it did not call handedOver()';
      fail(`${what} within ${timeout} ms.`);
    }, timeout);

    child.on('message', heard);
    child.on('error', failed);
    child.on('exit', ended);
    child.on('disconnect', disconnected);
    closing.addEventListener('abort', closed);
    send({ step: 'offer', id });
  });
}
