import type { Random } from '../packages/core/sim/random.ts';
import { leavingDeeds } from './leaving-deeds.ts';
import { DEADLINE, type Link } from './link.ts';
import { blob, checksum, makeDocument } from './material.ts';
import { streamDeeds } from './stream-deeds.ts';

/** What a deed needs besides its link. */
export interface Doer {
  readonly random: Random;
  /** A number that no other call of any process has. */
  token(): number;
  /** A call of a token has failed, and says that it has not run. */
  doubt(token: number): void;
  /** A place to count events for somebody, by a number. */
  counter(): { readonly from: number; readonly count: () => number; readonly done: () => void };
  /** A note was sent over a link where all come. */
  noted(): { readonly from: number };
}

/** Something that is done over a link: one call or some. Returns what it came to. */
export type Deed = (link: Link, doer: Doer) => Promise<string>;

const CODES = { refused: 'UNKNOWN', chosen: 'NOT_FOUND', plain: 'INTERNAL', output: 'INTERNAL' } as const;

/** What is done, each with how often compared to the others. */
export const deeds: readonly (readonly [weight: number, deed: Deed])[] = [
  [120, echoes],
  [30, once],
  [4, bigDocument],
  [3, getBytes],
  [3, sendBytes],
  [5, metadata],
  [6, failing],
  [6, wrongInput],
  [4, narrow],
  [6, nested],
  [4, poked],
  [6, notes],
  [4, versions],
  ...leavingDeeds,
  ...streamDeeds,
];

const deadline = DEADLINE;

async function echoes(link: Link, { random }: Doer): Promise<string> {
  const length = random.chance(0.9) ? random.below(200) : random.below(5000);
  const all = Array.from({ length: random.between(1, 64) }, (_, n) => {
    const text = `${n} ${'é'.repeat(length)}`;
    return link.call('echo', deadline, ['ok'], async () => (await link.client.work.echo(text, { deadline })) === text);
  });
  return (await Promise.all(all))[0] ?? 'ok';
}

async function once(link: Link, doer: Doer): Promise<string> {
  const all = Array.from({ length: 8 }, async () => {
    const token = doer.token();
    const outcome = await link.call('once', deadline, ['ok'], async () => {
      return (await link.client.work.once(token, { deadline })) === token;
    });
    if (link.plan.remembered && /[/](not-sent|rejected)$/.test(outcome)) doer.doubt(token);
    return outcome;
  });
  return (await Promise.all(all))[0] ?? 'ok';
}

function bigDocument(link: Link, { random }: Doer): Promise<string> {
  const seed = random.below(1000);
  const given = makeDocument(seed, random.chance(0.9) ? random.below(50) : random.below(20_000));
  return link.call('document', deadline, ['ok'], async () => {
    const got = await link.client.work.document(given, { deadline });
    const last = given.rows.length - 1;
    return (
      got.at.getTime() === given.at.getTime() &&
      got.big === given.big &&
      got.tags.has(`tag ${seed}`) &&
      got.counts.get(`${seed}`) === given.rows.length &&
      got.rows.length === given.rows.length &&
      got.rows[last]?.text === given.rows[last]?.text
    );
  });
}

/** Mostly some KiB; now and then some MiB. */
function sizeOf(random: Random): number {
  return random.chance(0.8) ? random.below(50_000) : random.below(4 * 2 ** 20);
}

function getBytes(link: Link, { random }: Doer): Promise<string> {
  const size = sizeOf(random);
  return link.call('blob', deadline, ['ok'], async () => {
    let told = '';
    const onTrailer = (trailer: { readonly [key: string]: unknown }): void => {
      told += String(trailer['checksum']);
    };
    const got = await link.client.work.blob(size, { deadline, onTrailer });
    return got.length === size && told === `${checksum(got)}`;
  });
}

function sendBytes(link: Link, { random }: Doer): Promise<string> {
  const bytes = blob(sizeOf(random));
  return link.call('checksum', deadline, ['ok'], async () => {
    return (await link.client.work.checksum(bytes, { deadline })) === checksum(bytes);
  });
}

function metadata(link: Link, { random }: Doer): Promise<string> {
  const tag = `${random.below(1e9)}`;
  return link.call('metadata', deadline, ['ok'], async () => {
    const heard: unknown[] = [];
    const hear = (got: { readonly [key: string]: unknown }): number => heard.push(got['tag']);
    await link.client.work.metadata(undefined, {
      deadline,
      metadata: { tag, raw: blob(100) },
      onHeader: hear,
      onTrailer: hear,
    });
    return heard.length === 2 && heard.every((one) => one === tag);
  });
}

function failing(link: Link, { random }: Doer): Promise<string> {
  const how = random.pick(['declared', 'chosen', 'plain', 'output'] as const);
  const code = CODES[how === 'declared' ? 'refused' : how];
  return link.call(`fail ${how}`, deadline, [`${code}/unknown`], async () => {
    await link.client.work.fail(how, { deadline });
    return false;
  });
}

function wrongInput(link: Link, { random }: Doer): Promise<string> {
  const inputs = [7, () => 7, undefined, ['text'], Symbol('text')];
  const wanted = ['INVALID_ARGUMENT/rejected', 'INVALID_ARGUMENT/not-sent'];
  return link.call('wrong input', deadline, wanted, async () => {
    await link.client.work.echo(random.pick(inputs) as never, { deadline });
    return false;
  });
}

async function narrow(link: Link): Promise<string> {
  const all = Array.from({ length: 6 }, () =>
    link.call('narrow', deadline, ['ok', 'RESOURCE_EXHAUSTED/rejected'], async () => {
      await link.client.work.narrow(undefined, { deadline });
      return true;
    }),
  );
  return (await Promise.all(all))[0] ?? 'ok';
}

function nested(link: Link, { random }: Doer): Promise<string> {
  const depth = random.below(8);
  const value = random.below(1000);
  return link.call('nest', deadline, ['ok'], async () => {
    return (await link.client.work.nest({ depth, value }, { deadline })) === value + depth;
  });
}

function poked(link: Link, doer: Doer): Promise<string> {
  const { from, count: counted, done } = doer.counter();
  const count = doer.random.below(50);
  return link
    .call('poke', deadline, ['ok'], async () => {
      await link.client.work.poke({ from, count }, { deadline });
      return counted() === count;
    })
    .finally(done);
}

async function notes(link: Link, doer: Doer): Promise<string> {
  const all = Array.from({ length: doer.random.below(30) }, () =>
    link.call('note', deadline, ['ok'], async () => {
      await link.client.work.note(link.plan.strict ? doer.noted() : { from: 0 }, { deadline });
      return true;
    }),
  );
  return (await Promise.all(all))[0] ?? 'ok';
}

/** Another version of a contract than the server's. */
function versions(link: Link, { random }: Doer): Promise<string> {
  const text = `${random.below(1000)}`;
  const options = { deadline };
  const { same, wider, other, missing } = link.client.versions;
  // A server waits ten seconds for the description of the caller's version, which a line that is stopped may hold back.
  const unfit = ['FAILED_PRECONDITION/rejected', ...(link.plan.strict ? [] : ['INVALID_ARGUMENT/rejected'])];
  const [kind, wanted, call] = random.pick<[string, string[], () => Promise<unknown>]>([
    ['the same method', ['ok'], () => same(text, options)],
    ['a wider method', ['ok'], () => wider({ text, more: 1 }, options)],
    ['another method', unfit, () => other({ text: 7 }, options)],
    ['a missing method', ['UNIMPLEMENTED/rejected'], () => missing(undefined, options)],
  ]);
  return link.call(kind, deadline, wanted, async () => (await call()) === text);
}
