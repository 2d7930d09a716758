import { connect } from 'node:net';
import { answering } from '../answering.ts';
import { around } from '../around.ts';
import { duplexTransport, Peer, type Transport } from '../nearcall.ts';
import { depot } from './contract.ts';
import { isCounting } from './counting.ts';

const [path = ''] = process.argv.slice(2);

let received = 0;

/** A transport that counts what comes, and changes nothing. */
function counted(transport: Transport): Transport {
  return around(transport, {
    start: (events) =>
      transport.start({
        data(bytes) {
          received += bytes.length;
          events.data(bytes);
        },
        drained: () => events.drained(),
        ended: () => events.ended(),
        closed: (error) => events.closed(error),
      }),
  });
}

const peer = new Peer(counted(duplexTransport(connect({ path, allowHalfOpen: true }))), { role: 'dialer' });
peer.hold();
await peer.ready;
const client = peer.client(depot);

/** What is told of one small call: the bytes that came before its answer, and its milliseconds. */
export interface Small {
  readonly bytes: number;
  readonly time: number;
}

async function small(n: number): Promise<Small> {
  const [bytes, from] = [received, performance.now()];
  if ((await client.echo(`small ${n}`)) !== `small ${n}`) throw new Error('A small call got another answer.');
  return { bytes: received - bytes, time: performance.now() - from };
}

answering({
  peak: () => process.resourceUsage().maxRSS * 1024,
  /** Fetches so many bytes twice at once, and makes small calls one after the other until both have come. */
  run: async (size: number) => {
    const before = received;
    const from = performance.now();
    let under = 2;
    const fetch = async (): Promise<Uint8Array> => {
      try {
        return await client.fetch(size);
      } finally {
        under--;
      }
    };
    const both = Promise.all([fetch(), fetch()]);
    const calls: Small[] = [];
    while (under > 0) calls.push(await small(calls.length));
    const answers = await both;
    const took = performance.now() - from;
    return {
      took,
      calls,
      total: received - before,
      peak: process.resourceUsage().maxRSS * 1024,
      // Which a Buffer would not be.
      plain: answers.every((bytes) => Object.getPrototypeOf(bytes) === Uint8Array.prototype),
      owned: answers.every((bytes) => bytes.buffer.byteLength === size && bytes.byteLength === size),
      right: answers.every(isCounting),
    };
  },
});
