import { answering } from '../answering.ts';
import { implement, RpcError, serve } from '../nearcall.ts';
import { testService } from './contract.ts';

const [address = ''] = process.argv.slice(2);

let aborted = 0;

function gaveUp(): void {
  aborted++;
}

await serve(
  address,
  implement(testService, {
    emptyCall: () => ({}),
    unaryCall: ({ size, status, echo }, { metadata }) => {
      // As gRPC's trailing metadata, which comes with errors too.
      if (status !== undefined) throw new RpcError(status.code, status.message, { metadata });
      return { payload: new Uint8Array(size), ...(echo === true ? { echoed: { ...metadata } } : {}) };
    },
    streamingInputCall: async (input, { signal }) => {
      signal.addEventListener('abort', gaveUp);
      let sum = 0;
      for await (const { payload } of input) sum += payload.length;
      return sum;
    },
    streamingOutputCall: function* ({ sizes }) {
      for (const size of sizes) yield { payload: new Uint8Array(size) };
    },
    fullDuplexCall: async function* (input, { signal }) {
      signal.addEventListener('abort', gaveUp);
      for await (const { size, status, sleep } of input) {
        if (sleep === true) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        if (status !== undefined) throw new RpcError(status.code, status.message);
        if (size !== undefined) yield { payload: new Uint8Array(size) };
      }
    },
  }),
);

answering({
  /** How many streaming handlers were told that nobody waits. */
  aborted: () => aborted,
});
