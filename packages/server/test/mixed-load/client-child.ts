import { getEventListeners } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { answering } from '../answering.ts';
import { memoryUse } from '../memory-use.ts';
import { duplexTransport, Implementations, implement, Peer, RpcError } from '../nearcall.ts';
import { back, work } from './contract.ts';

const [path = ''] = process.argv.slice(2);

const peer = new Peer(duplexTransport(connect({ path, allowHalfOpen: true })), {
  role: 'dialer',
  implementations: new Implementations([implement(back, { double: (value) => value * 2 })]),
});
peer.hold();
await peer.ready;
const client = peer.client(work);

/** Many calls share it, and it never aborts. */
const shared = new AbortController().signal;
let noted = 0;
let listeners = 0;
/** Gives up the calls that fill the connection, and tells how many listeners that left. */
let release: () => Promise<number> = async () => 0;

function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`Not so: ${what}.`);
}

async function failsWith(code: string, call: Promise<unknown>, name = 'RpcError'): Promise<void> {
  try {
    await call;
  } catch (error) {
    const right = error instanceof RpcError && error.code === code && error.name === name;
    return holds(right, `it fails with ${code}, but with ${error}`);
  }
  throw new Error(`It did not fail with ${code}.`);
}

/** Runs something under a signal of its own that aborts soon, and looks that nothing is left on it. */
async function givenUp(
  action: (signal: AbortSignal) => Promise<unknown>,
  early: boolean,
  mayEnd = false,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const call = action(signal);
  const failing =
    mayEnd && !early
      ? call.catch((error) => failsWith('CANCELLED', Promise.reject(error)))
      : failsWith('CANCELLED', call);
  if (!early) await setImmediate();
  controller.abort();
  await failing;
  listeners += getEventListeners(signal, 'abort').length;
}

async function* numbers(count: number) {
  for (let n = 0; n < count; n++) yield n;
}

async function readRows(count: number, failAt?: number): Promise<number> {
  let read = 0;
  for await (const { n } of client.rows(failAt === undefined ? { count } : { count, failAt })) {
    holds(n === read++, 'rows come in order');
  }
  return read;
}

/** What is done, by turns; `n` makes each a little different from the last. */
const deeds: readonly ((n: number) => Promise<void>)[] = [
  async (n) => holds((await client.echo(`${n}`)) === `${n}`, 'an echo is what was sent'),
  async (n) =>
    holds((await client.echo('é'.repeat(n % 1000), { signal: shared })).length === n % 1000, 'all came back'),
  async (n) => {
    const size = (n * 7919) % 150_000;
    const blob = await client.blob(size);
    holds(blob.length === size && (size === 0 || blob[size - 1] === (size & 255)), 'a blob comes whole');
  },
  async () => failsWith('UNKNOWN', client.fail('declared'), 'refused'),
  async () => failsWith('INTERNAL', client.fail('plain')),
  async () => failsWith('INVALID_ARGUMENT', client.echo(7 as never)),
  async (n) => givenUp((signal) => client.hang(undefined, { signal }), n % 2 === 0),
  async (n) => givenUp((signal) => client.silent(undefined, { signal }).next(), n % 2 === 0),
  // Given up late it may have come.
  async (n) => givenUp((signal) => client.blob(300_000, { signal }), n % 2 === 0, true),
  async (n) => failsWith('DEADLINE_EXCEEDED', client.hang(undefined, { deadline: n % 3 })),
  async (n) => failsWith('DEADLINE_EXCEEDED', client.silent(undefined, { deadline: 1 + (n % 3) }).next()),
  async (n) => {
    const { doubled, listeners: left } = await client.nest(n, { signal: shared });
    holds(doubled === n * 2, 'a nested call gives its answer');
    listeners += left;
  },
  async (n) => holds((await readRows(n % 100)) === n % 100, 'all rows come'),
  async (n) => failsWith('INTERNAL', readRows(100, n % 100)),
  async (n) => {
    // An endless one: it ends because its reader leaves.
    for await (const row of client.rows({ count: Number.MAX_SAFE_INTEGER })) if (row.n === n % 50) break;
  },
  async (n) => holds((await client.sum(numbers(n % 100))) === ((n % 100) * ((n % 100) - 1)) / 2, 'a sum is right'),
  async () => holds((await client.first(numbers(Number.POSITIVE_INFINITY))) === 0, 'the first item is answered'),
  async (n) => {
    const said: string[] = [];
    for await (const line of client.chat(Array.from({ length: n % 10 }, (_, i) => `line ${i}`))) said.push(line);
    const right = said.length === n % 10 && said.every((line, i) => line === `LINE ${i}`);
    holds(right, `a chat of ${n % 10} lines is answered line by line, but with ${said}`);
  },
  async (n) => {
    noted++;
    await client.note({ text: `note ${n}` });
  },
];

/** Does so many of them, 64 at once. */
async function run(count: number): Promise<void> {
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      const n = begun++;
      // Not simply in turn, so that what runs beside what changes.
      await deeds[(n * 7 + (n >>> 6)) % deeds.length]?.(n);
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
}

answering({
  memory: memoryUse,
  run,
  left: () => ({ pending: peer.pending, serving: peer.serving }),
  noted: () => noted,
  listeners: () => listeners + getEventListeners(shared, 'abort').length,
  /** Makes so many calls that hang, and gives them all up when told to. */
  fill: (count: number) => {
    const controller = new AbortController();
    // One signal for all, and one listener on it: more would make Node warn.
    const calls = Array.from({ length: count }, () => client.hang(undefined, { signal: controller.signal }));
    const outcomes = Promise.allSettled(calls);
    release = async () => {
      controller.abort();
      await outcomes;
      return getEventListeners(controller.signal, 'abort').length;
    };
  },
  release: () => release(),
});
