import { textOf } from './texts.mjs';

const BULK_IN_FLIGHT = 4;

// `needs` is what a connection must offer, `kind` names the file in loads/, and
// `unit` is what a rate counts, and what the CPU time is divided by.
const CASES = {
  nested: {
    unit: 'calls',
    means: 'calls with a nested object of 1 KB, sent back changed, 64 in flight',
    needs: ['nested'],
    load: { kind: 'nested', inFlight: 64 },
  },
  binary: {
    unit: 'MiB',
    means: '1 MiB of bytes sent and echoed, one in flight (1 MiB counts once)',
    needs: ['echo'],
    load: { kind: 'binary' },
  },
  stream: {
    unit: 'items',
    means: 'small objects from the server, out of an async generator',
    needs: ['rows'],
    load: { kind: 'stream', atOnce: false },
  },
  'stream-at-once': {
    unit: 'items',
    means: 'the same out of what is in memory already, a plain generator',
    needs: ['rowsAtOnce'],
    load: { kind: 'stream', atOnce: true },
  },
  'both-ways': {
    unit: 'items',
    means: 'small objects to the server, each sent back changed',
    needs: ['change'],
    load: { kind: 'both-ways' },
  },
  bulk: {
    unit: 'MiB',
    means: `1 MiB of bytes as an answer, ${BULK_IN_FLIGHT} in flight`,
    needs: ['blob'],
    load: { kind: 'bulk', inFlight: BULK_IN_FLIGHT },
  },
  'calls-during-bulk': {
    unit: 'calls',
    means: 'calls of 11 bytes, one in flight, beside bulk on the same connection',
    needs: ['call', 'blob'],
    load: { kind: 'calls-during-bulk', inFlight: BULK_IN_FLIGHT, text: textOf(11) },
  },
  idle: {
    unit: 'connections',
    means: 'memory that an idle connection holds, as the slope over 250, 500 and 1,000',
    needs: ['call', 'connections'],
    measure: 'idle',
    measuresMemory: true,
    load: { kind: 'calls', text: textOf(11) },
  },
  'slow-reader': {
    unit: 'readers',
    means: 'memory that a slow reader of an endless stream holds at both ends',
    needs: ['rowsSlowly', 'connections'],
    measure: 'slow-reader',
    measuresMemory: true,
    load: { kind: 'slow-reader', text: textOf(11) },
  },
  cold: {
    unit: 'starts',
    means: 'a client process from its start to its first answer',
    needs: ['start'],
    measure: 'cold',
    load: { kind: 'calls', text: textOf(11) },
  },
};

export const DEFAULT_CASES = ['1x11', '64x11', '512x11', '64x1000', '64x11@10', '64x11@1000', ...Object.keys(CASES)];

/** With `measure`, which names the file in measures/ that knows how it is measured. */
export function caseOf(name) {
  if (Object.hasOwn(CASES, name)) return { name, measure: 'load', ...CASES[name] };
  const match = /^([1-9]\d*)x([1-9]\d*)(?:@([1-9]\d*))?$/.exec(name);
  if (!match) {
    const names = Object.keys(CASES).join(', ');
    throw new Error(
      `a case is <in flight>x<bytes>, as in 64x11, or <in flight>x<bytes>@<connections>, or one of ${names}; got "${name}"`,
    );
  }
  const [inFlight, bytes, connections = 1] = match.slice(1).map((digits) => (digits ? Number(digits) : undefined));
  return {
    name,
    unit: 'calls',
    means: `calls of ${bytes} bytes, ${inFlight} in flight${connections > 1 ? ` over ${connections} connections` : ''}`,
    needs: connections > 1 ? ['call', 'connections'] : ['call'],
    measure: 'load',
    load: { kind: 'calls', inFlight, connections, text: textOf(bytes) },
  };
}
