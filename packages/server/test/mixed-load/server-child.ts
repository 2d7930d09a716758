import { getEventListeners } from 'node:events';
import { createServer } from 'node:net';
import { answering } from '../answering.ts';
import { memoryUse } from '../memory-use.ts';
import { duplexTransport, Implementations, implement, Peer } from '../nearcall.ts';
import { back, work } from './contract.ts';

const [path = ''] = process.argv.slice(2);

let noted = 0;
/** Streams and hanging calls that have begun here and not ended. */
let open = 0;
let peer: Peer;

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

const implementation = implement(work, {
  echo: (value) => value,
  blob: (size) => new Uint8Array(size).fill(size),
  fail: (how) => {
    if (how === 'declared') throw work.methods.fail.error('refused', { why: 'it was asked for' });
    throw new Error('not for the caller');
  },
  hang: async (_, { signal }) => {
    open++;
    await aborted(signal);
    open--;
  },
  nest: async (value, { peer, signal }) => {
    const doubled = await peer.client(back).double(value);
    return { doubled, listeners: getEventListeners(signal, 'abort').length };
  },
  rows: async function* ({ count, failAt }) {
    open++;
    try {
      for (let n = 0; n < count; n++) {
        if (n === failAt) throw new Error('not for the caller');
        yield { n };
      }
    } finally {
      open--;
    }
  },
  silent: async function* (_, { signal }) {
    open++;
    await aborted(signal);
    open--;
    if (Date.now() < 0) yield 0;
  },
  sum: async (input) => {
    let sum = 0;
    for await (const n of input) sum += n;
    return sum;
  },
  first: async (input) => {
    for await (const n of input) return n;
    return -1;
  },
  chat: async function* (input) {
    open++;
    try {
      for await (const line of input) yield line.toUpperCase();
    } finally {
      open--;
    }
  },
  note: () => {
    noted++;
  },
});

const server = createServer({ allowHalfOpen: true }, (socket) => {
  peer = new Peer(duplexTransport(socket), {
    role: 'acceptor',
    implementations: new Implementations([implementation]),
    // The plain errors that handlers were asked to throw.
    onError: () => {},
  });
});
await new Promise<void>((resolve) => server.listen(path, resolve));

answering({
  memory: memoryUse,
  left: () => ({ pending: peer.pending, serving: peer.serving, open }),
  noted: () => noted,
});
