import { type Context, type Implementation, implement, RpcError } from '@nearcall/core';
import { back, version1, work } from './contract.ts';
import { type Leak, leaking } from './leak.ts';
import { blob, checksum } from './material.ts';
import { aborted, pause } from './pausing.ts';
import { Tokens } from './tokens.ts';

/** What a server knows of the calls that it serves. */
export interface Served {
  readonly implementations: readonly Implementation[];
  /** Handlers that run just now. */
  readonly open: number;
  /** Tokens that ran twice. */
  readonly twice: number;
}

/** The handlers of a server. */
export function handlers(leak: Leak): Served {
  const tokens = new Tokens();
  const notes = new Map<number, number>();
  const leaks = leaking(leak);
  let open = 0;
  let twice = 0;

  /** Counts a handler that waits. */
  async function counted<T>(action: () => Promise<T>): Promise<T> {
    open++;
    try {
      return await action();
    } finally {
      open--;
    }
  }

  /** Counts a handler that gives a stream, which runs until its reader leaves. */
  async function* stream<T>(items: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    open++;
    try {
      yield* items();
    } finally {
      open--;
    }
  }

  const serving = implement(
    work,
    {
      echo: (value) => {
        leaks();
        return value;
      },
      once: (token) => {
        if (tokens.add(token)) twice++;
        return token;
      },
      ran: (asked) => asked.filter((token) => tokens.has(token)),
      document: (value) => value,
      blob: (size, context) => {
        const bytes = blob(size);
        context.setTrailer({ checksum: `${checksum(bytes)}` });
        return bytes;
      },
      checksum: (bytes) => checksum(bytes),
      metadata: (_, context) => {
        context.sendHeader(context.metadata);
        context.setTrailer(context.metadata);
      },
      fail: (how) => {
        if (how === 'declared') throw work.methods.fail.error('refused', { why: 'it was asked for' });
        if (how === 'chosen') throw new RpcError('NOT_FOUND', 'it was asked for');
        if (how === 'plain') throw new Error('thrown on purpose');
        return 7 as never;
      },
      hang: (_, { signal }) =>
        counted(async () => {
          await aborted(signal);
          if (leak === 'handler') await new Promise(() => {});
        }),
      narrow: (_, { signal }) => counted(() => pause(5, signal)),
      nest: ({ depth, value }, { peer }) =>
        counted(async () => (depth === 0 ? value : peer.client(back).nest({ depth: depth - 1, value: value + 1 }))),
      poke: ({ from, count }, { peer }) =>
        counted(async () => {
          for (let n = 0; n < count; n++) await peer.client(back).remind({ from });
        }),
      pull: ({ count, read }, { peer }) =>
        counted(async () => {
          let sum = 0;
          let left = read;
          for await (const n of peer.client(back).numbers(count)) {
            sum += n;
            if (--left === 0) break;
          }
          return sum;
        }),
      rows: ({ count, failAt, wait }, context) => stream(() => rows(count, failAt, wait, context)),
      chunks: ({ count, size }) =>
        stream(async function* () {
          for (let n = 0; n < count; n++) yield blob(size + n);
        }),
      silent: (_, { signal }) =>
        stream(async function* () {
          await aborted(signal);
          if (Date.now() < 0) yield 0;
        }),
      sum: (numbers) =>
        counted(async () => {
          let sum = 0;
          for await (const n of numbers) sum += n;
          return sum;
        }),
      first: (numbers) =>
        counted(async () => {
          for await (const n of numbers) return n;
          return -1;
        }),
      chat: (lines) =>
        stream(async function* () {
          for await (const line of lines) yield line.toUpperCase();
        }),
      note: ({ from }) => {
        notes.set(from, (notes.get(from) ?? 0) + 1);
      },
      noted: (from) => notes.get(from) ?? 0,
    },
    { concurrency: { narrow: 4 } },
  );
  const versions = implement(version1, {
    same: (text) => text,
    wider: ({ text }) => text,
    other: ({ text }) => text,
  });
  return {
    implementations: [serving, versions],
    get open() {
      return open;
    },
    get twice() {
      return twice;
    },
  };
}

async function* rows(count: number, failAt: number | undefined, wait: number, { signal }: Context) {
  for (let n = 0; n < count; n++) {
    if (n === failAt) throw new Error('thrown on purpose');
    if (wait > 0 && n % 256 === 0) await pause(wait, signal);
    yield { n, text: `row ${n}` };
  }
}
