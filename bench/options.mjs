import { parseArgs } from 'node:util';

// raw-onread is not among the defaults, it is there to be asked for.
const PEERS = ['raw', 'hand', 'nearcall'];
const CASES = ['1x11', '64x11', '64x1000', '512x11'];

export function options(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      cases: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '0.8' },
      apart: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  return {
    peers: values.only?.split(',') ?? PEERS,
    cases: (values.cases?.split(',') ?? CASES).map(parseCase),
    rounds: positive('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    apart: values.apart,
    json: values.json,
  };
}

function parseCase(name) {
  const match = /^([1-9]\d*)x([1-9]\d*)$/.exec(name);
  if (!match) throw new Error(`a case is <in flight>x<bytes>, as in 64x11; got "${name}"`);
  const bytes = Number(match[2]);
  const text = 'hello world'.padEnd(bytes, ' hello world').slice(0, bytes);
  return { name, load: { inFlight: Number(match[1]), text } };
}

function positive(name, value) {
  const number = Number(value);
  if (!(number > 0)) throw new Error(`--${name} must be a positive number; got "${value}"`);
  return number;
}
