import { answering } from '../answering.ts';
import { close, connect, implement, RpcError, ready } from '../nearcall.ts';
import { busy, slow } from './contract.ts';

const [address = ''] = process.argv.slice(2);
let begun = (): void => {};
let answer = (_: string): void => {};
let aborted: unknown;
const hasBegun = new Promise<void>((resolve) => {
  begun = resolve;
});

const implementations = implement(slow, {
  answer: (_, { signal }) => {
    begun();
    return new Promise<string>((resolve, reject) => {
      answer = resolve;
      signal.addEventListener('abort', () => {
        aborted = RpcError.from(signal.reason).code;
        reject(signal.reason);
      });
    });
  },
});
const client = connect(address, busy, { implementations });
await ready(client);
let asked: Promise<string> | undefined;
let closing: Promise<void> | undefined;

answering({
  begun: () => hasBegun,
  answer: (text: string) => answer(text),
  aborted: () => aborted,
  /** Begins to close, and does not wait for it. */
  close: (grace: number) => {
    closing = close(client, { grace });
  },
  closed: () => closing,
  /** Calls what calls back, and does not wait for it. */
  askBack: () => {
    asked = client.askBack();
    asked.catch(() => {});
  },
  asked: () => asked,
});
