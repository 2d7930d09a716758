/** Has primes counted, and hears how far it is: `client.js [BELOW]`. */
import { connect } from '@nearcall/client';
import { implement } from '@nearcall/core';
import { readArguments } from '../address.ts';
import { primes, progress } from './contract.ts';

const { address, words } = readArguments('progress');
const below = Number(words[0] ?? 1_000_000);

const implementation = implement(progress, {
  report: ({ done }) => console.log(`${done * 100} %`),
});

await using client = connect(address, primes, { implementations: implementation });
console.log(`${await client.count({ below })} primes below ${below}`);
