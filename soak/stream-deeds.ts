import type { Deed, Doer } from './deeds.ts';
import { DEADLINE, type Link } from './link.ts';
import { blob, checksum } from './material.ts';
import { pause } from './pausing.ts';

const deadline = DEADLINE;

/** What is done with streams, each with how often. */
export const streamDeeds: readonly (readonly [weight: number, deed: Deed])[] = [
  [6, rows],
  [3, slowRows],
  [4, rowsLeft],
  [3, rowsFailing],
  [3, chunks],
  [3, silent],
  [5, sum],
  [4, first],
  [5, chat],
  [2, chatLeft],
  [4, pulled],
  [2, watched],
];

function rows(link: Link, { random }: Doer): Promise<string> {
  const count = random.below(500);
  return link.call('rows', deadline, ['ok'], async () => {
    let read = 0;
    for await (const { n } of link.client.work.rows({ count }, { deadline })) if (n !== read++) return false;
    return read === count;
  });
}

/** Both the maker and the reader are slow, each at times of its own. */
function slowRows(link: Link, { random }: Doer): Promise<string> {
  const count = random.between(100, 2000);
  const wait = random.chance(0.5) ? random.below(100) : 0;
  return link.call('rows, slowly', deadline, ['ok'], async () => {
    let read = 0;
    for await (const { n } of link.client.work.rows({ count, wait }, { deadline })) {
      if (n !== read++) return false;
      if (read % 500 === 0) await pause(random.below(200));
    }
    return read === count;
  });
}

function rowsLeft(link: Link, { random }: Doer): Promise<string> {
  const most = random.between(1, 300);
  return link.call('rows, left early', deadline, ['ok'], async () => {
    let read = 0;
    for await (const { n } of link.client.work.rows({ count: Number.MAX_SAFE_INTEGER }, { deadline })) {
      if (n !== read++) return false;
      if (read === most) break;
    }
    return read === most;
  });
}

function rowsFailing(link: Link, { random }: Doer): Promise<string> {
  const failAt = random.below(100);
  return link.call('rows that fail', deadline, ['INTERNAL/unknown'], async () => {
    for await (const { n } of link.client.work.rows({ count: 200, failAt }, { deadline })) if (n >= failAt) break;
    return false;
  });
}

function chunks(link: Link, { random }: Doer): Promise<string> {
  const count = random.below(20);
  const size = random.below(200_000);
  return link.call('chunks', deadline, ['ok'], async () => {
    let read = 0;
    for await (const chunk of link.client.work.chunks({ count, size }, { deadline })) {
      if (chunk.length !== size + read++) return false;
      if (read === 1 && checksum(chunk) !== checksum(blob(size))) return false;
      if (random.chance(0.1)) await pause(random.below(50));
    }
    return read === count;
  });
}

async function silent(link: Link, { random }: Doer): Promise<string> {
  const controller = new AbortController();
  const { signal } = controller;
  const call = link.call('silent', 1000, ['CANCELLED'], async () => {
    for await (const _ of link.client.work.silent(undefined, { signal, deadline })) return false;
    return false;
  });
  await pause(random.below(50));
  controller.abort();
  return call;
}

async function* numbers(count: number, wait = 0): AsyncGenerator<number, void, undefined> {
  for (let n = 0; n < count; n++) {
    if (wait > 0 && n % 64 === 0) await pause(wait);
    yield n;
  }
}

function sum(link: Link, { random }: Doer): Promise<string> {
  const count = random.below(1000);
  return link.call('sum', deadline, ['ok'], async () => {
    const answer = await link.client.work.sum(numbers(count, random.below(3)), { deadline });
    return answer === (count * (count - 1)) / 2;
  });
}

function first(link: Link): Promise<string> {
  return link.call('first', deadline, ['ok'], async () => {
    return (await link.client.work.first(numbers(Number.POSITIVE_INFINITY), { deadline })) === 0;
  });
}

async function* lines(count: number, wait: number): AsyncGenerator<string, void, undefined> {
  for (let n = 0; n < count; n++) {
    if (wait > 0) await pause(wait);
    yield `line ${n}`;
  }
}

function chat(link: Link, { random }: Doer): Promise<string> {
  const count = random.below(50);
  return link.call('chat', deadline, ['ok'], async () => {
    let read = 0;
    for await (const line of link.client.work.chat(lines(count, random.below(4)), { deadline })) {
      if (line !== `LINE ${read++}`) return false;
    }
    return read === count;
  });
}

function chatLeft(link: Link, { random }: Doer): Promise<string> {
  const most = random.between(1, 20);
  return link.call('chat, left early', deadline, ['ok'], async () => {
    let read = 0;
    for await (const line of link.client.work.chat(lines(Number.POSITIVE_INFINITY, 0), { deadline })) {
      if (line !== `LINE ${read++}`) return false;
      if (read === most) break;
    }
    return read === most;
  });
}

function pulled(link: Link, { random }: Doer): Promise<string> {
  const count = random.below(500);
  const read = random.between(1, 500);
  const many = Math.min(count, read);
  return link.call('pull', deadline, ['ok'], async () => {
    return (await link.client.work.pull({ count, read }, { deadline })) === (many * (many - 1)) / 2;
  });
}

/** The servers change their health all the time. */
function watched(link: Link): Promise<string> {
  return link.call('health', deadline, ['ok'], async () => {
    const seen = new Set<string>();
    for await (const { status } of link.client.health.watch({ service: 'work' }, { deadline })) {
      seen.add(status);
      if (seen.size === 2) break;
    }
    // A server that closes says so, and says no more.
    return seen.size === 2 || !link.plan.strict;
  });
}
