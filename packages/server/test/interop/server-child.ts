import { answering } from '../answering.ts';
import { type Context, implement, RpcError, serve } from '../nearcall.ts';
import { testService } from './contract.ts';

const [address = ''] = process.argv.slice(2);

const INITIAL = 'x-grpc-test-echo-initial';
const TRAILING = 'x-grpc-test-echo-trailing-bin';

let aborted = 0;

function gaveUp(): void {
  aborted++;
}

/** Sends back what the caller asks for by its metadata: ahead of the answer, and behind it. */
function echo(context: Context): void {
  const { [INITIAL]: initial, [TRAILING]: trailing } = context.metadata;
  if (initial !== undefined) context.sendHeader({ [INITIAL]: initial });
  if (trailing !== undefined) context.setTrailer({ [TRAILING]: trailing });
}

await serve(
  address,
  implement(testService, {
    emptyCall: () => ({}),
    unaryCall: ({ size, status }, context) => {
      echo(context);
      if (status !== undefined) throw new RpcError(status.code, status.message);
      return { payload: new Uint8Array(size) };
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
    fullDuplexCall: async function* (input, context) {
      const { signal } = context;
      echo(context);
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
