import { expect, test } from 'vitest';
import { forkedWith } from './forked.ts';
import { temporary } from './temporary.ts';

const MIB = 1024 * 1024;

// What was alive when the whole heap was collected is not looked at until it is again, and keeps what it leads to. Where
// that leads from one message to the next, all of them stay until then, and V8 collects the whole heap again and again.
test.each([4, 8])('long messages that are gone keep no later ones alive, %i at a time', async (inFlight) => {
  await using place = await temporary();
  // With so much room the whole heap is collected only when that is asked for.
  await using child = await forkedWith(['--initial-old-space-size=4096'], 'garbage/both-ends-child', place.unix());
  const held = (await child.ask<number[]>('run', inFlight)).toSorted((a, b) => a - b);
  // Eight each way between two looks. What a collection has freed is counted somewhat later, the more so on a busy machine.
  expect(held[Math.floor(held.length / 2)]).toBeLessThan((2 * inFlight + 20) * MIB);
});
