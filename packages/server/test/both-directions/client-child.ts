import { answering } from '../answering.ts';
import { close, connect, type Implementation, implement, RpcError } from '../nearcall.ts';
import { dialled, listening } from './contract.ts';

const [address = ''] = process.argv.slice(2);

/** The calls that hang here, and were told that nobody waits for them. */
let aborted = 0;
let served = 0;

function serves(index: number, heard: string[], over: (closed: Promise<void>) => void): Implementation {
  return implement(dialled, {
    greet: (text, { peer }) => {
      heard.push(text);
      over(peer.closed);
    },
    who: () => index,
    shout: (text) => text.toUpperCase(),
    list: function* (count) {
      for (let i = 0; i < count; i++) yield `line ${i}`;
    },
    collect: async (input) => {
      const all: string[] = [];
      for await (const text of input) all.push(text);
      return all;
    },
    chat: async function* (input) {
      for await (const text of input) yield text.toUpperCase();
    },
    answerBytes: (bytes) => bytes.map((byte) => byte + 4),
    hang: (_, { signal }) =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          aborted++;
          resolve();
        });
      }),
    pong: async (levels, { peer }) => {
      served++;
      return levels === 0 ? 0 : 1 + (await peer.client(listening).ping(levels - 1));
    },
  });
}

function open(index: number) {
  const heard: string[] = [];
  let over: (closed: Promise<void>) => void = () => {};
  /** Fulfils when the connection is over, once a greeting has come. */
  const greeted = new Promise<void>((resolve) => {
    over = resolve;
  });
  const implementations = [serves(index, heard, over)];
  return { client: connect(address, listening, { implementations, reconnect: false }), heard, greeted };
}

const first = open(0);
const others: ReturnType<typeof open>[] = [];
let reading: Promise<void> | undefined;

answering({
  heard: () => first.heard,
  echo: (text: string) => first.client.echo(text),
  relay: async (count: number) => {
    const all: string[] = [];
    for await (const text of first.client.relay(count)) all.push(text);
    return all;
  },
  /** How deep it went, or how it failed, and how many of the levels were served here. */
  ping: async (levels: number) => {
    served = 0;
    try {
      return { answer: await first.client.ping(levels), served };
    } catch (error) {
      const { code, message } = RpcError.from(error);
      return { code, message, served };
    }
  },
  /** Begins to read an endless stream, and reads on. */
  read: async () => {
    const items = first.client.endless();
    await items.next();
    reading = (async () => {
      for await (const _ of items);
    })();
    reading.catch(() => {});
  },
  aborted: () => aborted,
  /** Opens so many connections more. */
  open: (count: number) => {
    for (let i = 1; i <= count; i++) others.push(open(i));
  },
  /** Closes the last of them. */
  closeLast: async () => {
    const last = others.pop();
    if (last !== undefined) await close(last.client);
  },
  /** Connects so many times in a row, each time until the other side has closed, and tells what was heard each time. */
  listen: async (times: number) => {
    const all: string[][] = [];
    for (let i = 0; i < times; i++) {
      const { heard, greeted } = open(i);
      await greeted;
      all.push(heard);
    }
    return all;
  },
});
