import { setImmediate } from 'node:timers/promises';
import { answering } from '../answering.ts';
import { type Code, close, connect, type Execution, RpcError, safe, state } from '../nearcall.ts';
import { marks } from './contract.ts';

const [address = ''] = process.argv.slice(2);

/** What became of all calls. */
export interface Tally {
  readonly succeeded: string[];
  readonly failed: { readonly token: string; readonly code: Code | undefined; readonly execution: Execution }[];
  /** What was neither a right answer nor a typed error. */
  readonly wrong: string[];
}

const tally: Tally = { succeeded: [], failed: [], wrong: [] };
/** In the long form a client waits as long as clients do. */
const backoff = process.env['NEARCALL_RESTARTS'] === undefined ? { initial: 100 } : {};
const clients = Array.from({ length: 50 }, () => connect(address, marks, { waitForReady: true, backoff }));
let calm: () => Promise<string[]> = async () => [];
let running = true;
let done: Promise<unknown> = Promise.resolve();
let watched: { readonly count: number; readonly tell: () => void } | undefined;

async function call(client: (typeof clients)[number], method: 'once' | 'again', token: string): Promise<void> {
  try {
    const answer = await client[method](token);
    if (answer === token.toUpperCase()) tally.succeeded.push(token);
    else tally.wrong.push(`${token}: ${answer}`);
  } catch (error) {
    if (error instanceof RpcError) tally.failed.push({ token, code: error.code, execution: error.execution });
    else tally.wrong.push(`${token}: ${error}`);
  }
  if (watched !== undefined && tally.succeeded.length >= watched.count) watched.tell();
}

answering({
  /** Lets each client call without pause. */
  run: (method: 'once' | 'again') => {
    done = Promise.all(
      clients.map(async (client, i) => {
        for (let n = 0; running; n++) await call(client, method, `call-${i}-${n}`);
      }),
    );
  },
  /** Waits until so many calls more have succeeded. */
  further: (count: number) =>
    new Promise<void>((tell) => {
      watched = { count: tally.succeeded.length + count, tell };
    }),
  stop: async (): Promise<Tally> => {
    running = false;
    await done;
    await Promise.all(clients.map((client) => close(client)));
    return tally;
  },
  /** Makes so many clients in one breath, each with a call, and tells how many of them found no room at first. */
  storm: async (count: number): Promise<number> => {
    const many = Array.from({ length: count }, () => connect(address, marks, { handshake: 60_000, deadline: 60_000 }));
    const calls = Promise.all(many.map((client, i) => safe(client.once(`storm-${i}`))));
    calm = async () => {
      const results = await calls;
      await Promise.all(many.map((client) => close(client)));
      return results.map((result) => (result.ok ? 'right' : `${result.error.code}: ${result.error.message}`));
    };
    // They are told so in the next turns of the event loop.
    for (let turns = 0; turns < 5; turns++) await setImmediate();
    return many.filter((client) => state(client).reason?.message.includes('more new connections')).length;
  },
  /** Waits until all of them are through, and tells what became of them. */
  calm: () => calm(),
});
