import { parseArgs } from 'node:util';
import { caseOf, DEFAULT_CASES } from './cases.mjs';
import { DEFAULT_PEERS, PEERS } from './peers.mjs';

export function options(args) {
  const { values } = parseArgs({
    // Some package managers hand the `--` on that keeps arguments from them.
    args: args.filter((arg) => arg !== '--'),
    options: {
      only: { type: 'string' },
      cases: { type: 'string' },
      rounds: { type: 'string', default: '9' },
      others: { type: 'string' },
      seconds: { type: 'string', default: '0.3' },
      'warm-up': { type: 'string', default: '1.4' },
      again: { type: 'string', default: '1' },
      cpus: { type: 'string', default: '2,1' },
      apart: { type: 'boolean', default: false },
      json: { type: 'string' },
      against: { type: 'string' },
    },
  });
  return {
    peers: values.only?.split(',').map(peerOf) ?? DEFAULT_PEERS,
    cases: (values.cases?.split(',') ?? DEFAULT_CASES).map(caseOf),
    rounds: positive('rounds', values.rounds),
    // Who names peers wants all of them alike.
    others: positive('others', values.others ?? (values.only ? values.rounds : '3')),
    seconds: positive('seconds', values.seconds),
    warmUp: positive('warm-up', values['warm-up']),
    again: Number(values.again),
    cpus: values.cpus.split(',').map((cpus) => positive('cpus', cpus)),
    apart: values.apart,
    json: values.json,
    comparedTo: values.against,
  };
}

function peerOf(name) {
  if (PEERS.includes(name)) return name;
  throw new Error(`a peer is one of ${PEERS.join(', ')}; got "${name}"`);
}

function positive(name, value) {
  const number = Number(value);
  if (!(number > 0)) throw new Error(`--${name} must be a positive number; got "${value}"`);
  return number;
}
