import { textOf } from '../texts.mjs';

// The last is what with the few bytes around it is still a message by default.
const SIZES = [16, 256, 4096, 65_536, 2 ** 20, 2 ** 24 - 16];
const IN_FLIGHT = [1, 4, 16, 64, 256, 1024, 4096];
const CONNECTIONS = [1, 16, 64, 250, 1000, 4000];
const METHODS = [1, 10, 100, 1000];
const STREAMS = [1, 10, 100, 1000];

const text = textOf(11);
const CALL = { label: 'CPU a call, both processes', unit: 'µs' };

/**
 * What grows, and by whose figures. `per` is the work that has a constant cost where all is linear: one of what the
 * load counts, or one of the x.
 */
export const SERIES = [
  {
    name: 'payload',
    title: 'Payload of a call',
    x: { label: 'bytes each way, one call in flight', unit: 'B' },
    y: CALL,
    per: 'x',
    lines: [
      line('nearcall, text', 'nearcall', SIZES, (bytes) => ({ kind: 'calls', inFlight: 1, text: textOf(bytes) })),
      line('nearcall, bytes', 'nearcall', SIZES, (bytes) => ({ kind: 'binary', bytes })),
      line('raw, bytes', 'raw', SIZES, (bytes) => ({ kind: 'binary', bytes })),
    ],
  },
  {
    name: 'in-flight',
    title: 'Calls in flight',
    x: { label: 'calls in flight on one connection', unit: '' },
    y: CALL,
    lines: ['nearcall', 'raw'].map((peer) =>
      line(peer, peer, IN_FLIGHT, (inFlight) => ({ kind: 'calls', inFlight, text })),
    ),
  },
  {
    name: 'connections',
    title: 'Connections',
    x: { label: 'connections, one call in flight on each', unit: '' },
    y: CALL,
    lines: [
      line('nearcall', 'nearcall-many', CONNECTIONS, (n) => ({ kind: 'calls', connections: n, inFlight: n, text })),
      line('raw', 'raw', CONNECTIONS, (n) => ({ kind: 'calls', connections: n, inFlight: n, text })),
    ],
  },
  {
    name: 'methods',
    title: 'Methods in a contract',
    x: { label: 'methods, all called in turn, 64 calls in flight', unit: '' },
    y: CALL,
    lines: [line('nearcall', 'nearcall-many', METHODS, (methods) => ({ kind: 'calls', inFlight: 64, text, methods }))],
  },
  {
    name: 'first-calls',
    title: 'First calls of the methods in a contract',
    x: { label: 'methods, each called once by a new process', unit: '' },
    y: CALL,
    lines: [line('nearcall', 'nearcall-many', METHODS, (methods) => firstCalls(methods), { measure: 'first-calls' })],
  },
  {
    name: 'streams',
    title: 'Streams at once',
    x: { label: 'streams at once on one connection', unit: '' },
    y: { label: 'CPU an item, both processes', unit: 'µs' },
    lines: [line('nearcall', 'nearcall', STREAMS, (atOnce) => ({ kind: 'streams', atOnce }))],
  },
];

function firstCalls(methods) {
  const inFlight = Math.min(methods, 10);
  return { kind: 'calls', inFlight, times: methods / inFlight, text, methods };
}

function line(name, peer, xs, loadOf, { measure = 'load' } = {}) {
  return { name, peer, measure, points: xs.map((x) => ({ x, load: loadOf(x) })) };
}
