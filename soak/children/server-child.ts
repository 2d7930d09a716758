// A server: the one that lives for the whole run, and those that are killed.
import { type RemotePeer, RpcError } from '@nearcall/core';
import { healthStatus, type Server, serve } from '@nearcall/server';
import { Random } from '../../packages/core/sim/random.ts';
import { awakeClock } from '../awake.ts';
import { back } from '../contract.ts';
import { handlers } from '../handlers.ts';
import type { Leak } from '../leak.ts';
import { Ledger } from '../ledger.ts';
import { report, watched } from '../watched.ts';

/** What a server is told. */
export interface ServerPlan {
  readonly seed: number;
  readonly addresses: readonly string[];
  readonly leak: Leak;
}

const plan: ServerPlan = JSON.parse(process.argv[2] as string);
const random = new Random(plan.seed);
const served = handlers(plan.leak);
const status = healthStatus({ work: 'NOT_SERVING' });
const ledger = new Ledger(awakeClock());
let server: Server | undefined;
let timers: NodeJS.Timeout[] = [];

watched(() => ({ connections: server?.connections ?? 0, serving: served.open, open: ledger.open }), {
  start: async () => {
    server = await serve(plan.addresses, [...served.implementations, status.implementation], {
      // So that those who say nothing are gone before the run is over.
      handshake: 3000,
      onError: report,
    });
    timers = [
      setInterval(() => status.set('work', random.chance(0.5) ? 'SERVING' : 'NOT_SERVING'), 50),
      setInterval(callSomebody, 20),
    ];
    return server.addresses;
  },
  ledger: () => {
    if (served.twice > 0) ledger.fault(`${served.twice} calls ran twice that may run once`);
    return ledger.report();
  },
  stop: async () => {
    for (const timer of timers) clearInterval(timer);
    await server?.close();
    return ledger.report();
  },
});

/** Servers call their clients, too, also those that are cut off, stopped, or serve nothing. */
function callSomebody(): void {
  const peers = [...(server?.peers ?? [])];
  if (peers.length > 0) void call(random.pick(peers));
}

async function call(peer: RemotePeer): Promise<void> {
  const value = random.below(1000);
  const deadline = 5000;
  const entry = ledger.begin('double', deadline, (outcome) => EXPECTED.some((one) => outcome.startsWith(one)));
  try {
    const answer = await peer.client(back).double(value, { deadline });
    entry.settle(answer === value * 2 ? 'ok' : 'a wrong answer');
  } catch (error) {
    if (error instanceof RpcError) entry.settle(`${error.code}/${error.execution}`, `${error}`);
    else entry.settle(`what is no RpcError: ${error}`);
  }
}

const EXPECTED = ['ok', 'UNAVAILABLE/', 'DEADLINE_EXCEEDED/', 'UNIMPLEMENTED/rejected'];
