import { close, connect } from '@nearcall/client';
import { work } from './contract.ts';
import type { Deed, Doer } from './deeds.ts';
import { DEADLINE, type Link } from './link.ts';
import { pause } from './pausing.ts';

const deadline = DEADLINE;

/** What is done by callers that do not wait for the answer, or do not stay; each with how often. */
export const leavingDeeds: readonly (readonly [weight: number, deed: Deed])[] = [
  [6, cancelled],
  [2, cancelledLate],
  [6, expired],
  [2, shortLived],
  [2, broken],
];

async function cancelled(link: Link, { random }: Doer): Promise<string> {
  const controller = new AbortController();
  const { signal } = controller;
  const all = Array.from({ length: 4 }, () =>
    link.call('hang', 1000, ['CANCELLED'], async () => {
      await link.client.work.hang(undefined, { signal, deadline });
      return false;
    }),
  );
  if (random.chance(0.8)) await pause(random.below(100));
  controller.abort();
  return (await Promise.all(all))[0] ?? 'ok';
}

/** Given up when it may have come. */
async function cancelledLate(link: Link, { random }: Doer): Promise<string> {
  const controller = new AbortController();
  const { signal } = controller;
  const call = link.call('blob, given up', deadline, ['ok', 'CANCELLED'], async () => {
    return (await link.client.work.blob(300_000, { signal, deadline })).length === 300_000;
  });
  await pause(random.below(10));
  controller.abort();
  return call;
}

function expired(link: Link, { random }: Doer): Promise<string> {
  const short = random.between(1, 200);
  return link.call('hang, too long', short, ['DEADLINE_EXCEEDED'], async () => {
    await link.client.work.hang(undefined, { deadline: short });
    return false;
  });
}

/** A client that is there for one call. */
async function shortLived(link: Link, { random }: Doer): Promise<string> {
  const options = { handshake: DEADLINE, backoff: { initial: 100, max: 1000 } };
  const client = connect(random.pick(link.plan.addresses), work, options);
  try {
    return await link.call('connect, echo', deadline, ['ok'], async () => {
      const answer = await client.echo('short', { deadline });
      await close(client);
      return answer === 'short';
    });
  } finally {
    await close(client, { grace: 0 });
  }
}

/** A client that goes while it waits for answers. */
async function broken(link: Link, { random }: Doer): Promise<string> {
  const client = connect(random.pick(link.plan.addresses), work);
  const call = link.call('hang, then close', deadline, ['UNAVAILABLE'], async () => {
    await client.hang(undefined, { deadline });
    return false;
  });
  await pause(random.below(20));
  await close(client, { grace: random.below(20) });
  return call;
}
