/** Gives calls up in each way that there is. */
import { connect, ready } from '@nearcall/client';
import { safe } from '@nearcall/core';
import { readArguments } from '../address.ts';
import { patience } from './contract.ts';

/** Milliseconds. */
const SOON = 300;

const { address } = readArguments('cancellation');
await using client = connect(address, patience);
// So that the times below are those of the calls.
await ready(client);

const controller = new AbortController();
const waiting = safe(client.wait(undefined, { signal: controller.signal }));
setTimeout(() => controller.abort(), SOON);
console.log(`by a signal: ${(await waiting).error?.code}`);

console.log(`by a deadline: ${(await safe(client.wait(undefined, { deadline: SOON }))).error?.code}`);

const ofTime = AbortSignal.timeout(SOON);
console.log(`by a signal of time: ${(await safe(client.wait(undefined, { signal: ofTime }))).error?.code}`);

for await (const tick of client.ticks()) {
  if (tick === 3) break;
}
console.log('by break, at the third item');

console.log(`and the next call has its turn: ${await client.hello()}`);
