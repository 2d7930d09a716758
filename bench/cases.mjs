const BULK_IN_FLIGHT = 4;

// `kind` names the file in loads/ and what a peer says that it can do; `unit`
// is what a rate counts, and what the CPU time is divided by.
const CASES = {
  stream: {
    unit: 'items',
    means: 'small objects from the server, out of an async generator',
    load: { kind: 'stream', atOnce: false },
  },
  'stream-at-once': {
    unit: 'items',
    means: 'the same out of what is in memory already, a plain generator',
    load: { kind: 'stream', atOnce: true },
  },
  'both-ways': {
    unit: 'items',
    means: 'small objects to the server, each sent back changed',
    load: { kind: 'both-ways' },
  },
  bulk: {
    unit: 'MiB',
    means: `1 MiB of bytes as an answer, ${BULK_IN_FLIGHT} in flight`,
    load: { kind: 'bulk', inFlight: BULK_IN_FLIGHT },
  },
  'calls-during-bulk': {
    unit: 'calls',
    means: 'calls of 11 bytes, one in flight, beside bulk on the same connection',
    load: { kind: 'calls-during-bulk', inFlight: BULK_IN_FLIGHT, text: textOf(11) },
  },
};

export const DEFAULT_CASES = ['1x11', '64x11', '64x1000', '512x11', ...Object.keys(CASES)];

export function caseOf(name) {
  if (Object.hasOwn(CASES, name)) return { name, ...CASES[name] };
  const match = /^([1-9]\d*)x([1-9]\d*)$/.exec(name);
  if (!match) {
    const names = Object.keys(CASES).join(', ');
    throw new Error(`a case is <in flight>x<bytes>, as in 64x11, or one of ${names}; got "${name}"`);
  }
  const [, inFlight, bytes] = match.map(Number);
  return {
    name,
    unit: 'calls',
    means: `calls of ${bytes} bytes, ${inFlight} in flight`,
    load: { kind: 'calls', inFlight, text: textOf(bytes) },
  };
}

function textOf(bytes) {
  return 'hello world'.padEnd(bytes, ' hello world').slice(0, bytes);
}
