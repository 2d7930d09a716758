/** Hands jobs in, all at once, and tells how they end: `client.js [NAME[:STEPS]...]`. The job `crash` ends its worker. */
import { connect } from '@nearcall/client';
import { readArguments } from '../address.ts';
import { jobs } from './contract.ts';

const { address, words } = readArguments('jobs');

await using dispatcher = connect(address, jobs);
const ends = words.map(async (word) => {
  const [name = '', steps = '2'] = word.split(':');
  return { name, ...(await dispatcher.submit({ name, steps: Number(steps) })) };
});
for (const { name, outcome, why } of await Promise.all(ends)) console.log(`${name}: ${outcome}. ${why ?? ''}`.trim());
