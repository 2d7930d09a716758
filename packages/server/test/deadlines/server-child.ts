import { setTimeout as sleep } from 'node:timers/promises';
import { answering } from '../answering.ts';
import { connect, implement, RpcError, ready, serve } from '../nearcall.ts';
import { chain } from './contract.ts';
import { timers } from './timers.ts';

const [address = '', nextAddress] = process.argv.slice(2);

const next = nextAddress === undefined ? undefined : connect(nextAddress, chain);
if (next !== undefined) await ready(next);

let begun = 0;
let returned = 0;
/** How many handlers of `hang` have not returned. */
let running = 0;
/** Why the signals of handlers have aborted, in order. */
const aborted: string[] = [];

function watch(signal: AbortSignal): Promise<void> {
  begun++;
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      aborted.push(RpcError.from(signal.reason).code);
      resolve();
    });
  });
}

await serve(
  address,
  implement(chain, {
    deadlines: async (input, context) => {
      const { deadline } = context;
      await sleep(input.wait);
      const parent = input.apart === true ? undefined : context;
      const behind = (await next?.deadlines(input, { parent, deadline: input.own })) ?? [];
      return [deadline, ...behind];
    },
    hang: async (_, context) => {
      const over = watch(context.signal);
      running++;
      try {
        await (next?.hang(undefined, { parent: context }) ?? over);
      } finally {
        running--;
      }
    },
    count: async function* (_, context) {
      void watch(context.signal);
      try {
        if (next !== undefined) yield* next.count(undefined, { parent: context });
        else for (let n = 0; ; n++) yield n;
      } finally {
        returned++;
      }
    },
  }),
  // What a handler throws whose caller has gone is nobody's business.
  { onError: () => {} },
);

answering({
  /** What happened before the next test. */
  forget: () => {
    begun = 0;
    returned = 0;
    aborted.length = 0;
  },
  begun: () => begun,
  returned: () => returned,
  running: () => running,
  aborted: () => aborted,
  timers,
});
