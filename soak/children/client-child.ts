// A process of clients that call without a pause.
import { setTimeout } from 'node:timers/promises';
import { close, state } from '@nearcall/client';
import { awakeClock } from '../awake.ts';
import { deeds } from '../deeds.ts';
import { ProcessDoer } from '../doer.ts';
import { Ledger } from '../ledger.ts';
import { Link, type LinkPlan } from '../link.ts';
import { report, watched } from '../watched.ts';

/** What such a process is told. */
export interface ClientPlan {
  readonly seed: number;
  readonly maker: number;
  readonly links: readonly LinkPlan[];
}

/** How long after a call failed that is said not to have run it is asked for, in milliseconds. */
const DOUBT = 8000;

const plan: ClientPlan = JSON.parse(process.argv[2] as string);
const doer = new ProcessDoer(plan.seed, plan.maker);
const ledger = new Ledger(awakeClock());
let running = true;
let links: Link[] = [];
let workers: Promise<unknown> = Promise.resolve();

watched(() => ({ open: ledger.open, pending: pending() }), {
  start: () => {
    links = plan.links.map((each) => new Link(each, ledger, doer.implementation, report));
    workers = Promise.all([
      ...links.flatMap((link) => Array.from({ length: link.plan.workers }, () => work(link))),
      resolveDoubts(),
    ]);
  },
  ledger: () => ledger.report(),
  stop: async () => {
    running = false;
    await workers;
    await checkNotes();
    await Promise.all(links.map(({ client }) => close(client)));
    return ledger.report();
  },
});

function pending(): number {
  let sum = 0;
  for (const { client } of links) for (const { pending } of state(client).connections) sum += pending;
  return sum;
}

async function work(link: Link): Promise<void> {
  while (running) {
    const outcome = await doer.random.weighted(deeds)(link, doer);
    // Where there is no server just now, calls fail at once: a loop of them would tell nothing more.
    if (outcome.startsWith('UNAVAILABLE')) await setTimeout(doer.random.below(100));
  }
}

/** Asks the server that lives whether calls ran of which it was said that they have not. */
async function resolveDoubts(): Promise<void> {
  const link = links.find(({ plan: { strict } }) => strict) ?? links.find(({ plan: { remembered } }) => remembered);
  while (running) {
    await setTimeout(500);
    await resolve(link, DOUBT);
  }
  await resolve(link, 0);
}

async function resolve(link: Link | undefined, age: number): Promise<void> {
  const doubts = doer.doubts(age);
  if (doubts.length === 0) return;
  await link?.call('ran', 30_000, ['ok'], async () => {
    const ran = await link.client.work.ran(doubts);
    for (const _ of ran) ledger.fault('a call has run that failed as one that has not');
    return true;
  });
}

/** Of events over links where nothing is lost, all come, and none comes twice. */
async function checkNotes(): Promise<void> {
  const link = links.find(({ plan: { strict } }) => strict);
  let got = 0;
  await link?.call('noted', 30_000, ['ok'], async () => {
    // Those over another connection may still be on their way.
    for (let tries = 0; tries < 100; tries++) {
      got = await link.client.work.noted(plan.maker);
      if (got >= doer.notes) break;
      await setTimeout(50);
    }
    return got === doer.notes;
  });
}
