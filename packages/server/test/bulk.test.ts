import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Small } from './bulk/client-child.ts';
import { type Child, forked } from './forked.ts';
import { type Temporary, temporary } from './temporary.ts';

const MB = 1_000_000;
/** The bytes of each of two answers. Run with 500 by hand, in megabytes. */
const SIZE = Number(process.env['NEARCALL_BULK'] ?? 64) * MB;
/** The frame that long messages are cut into. */
const CHUNK = 65_536;
/**
 * What may come before a small answer besides a few chunks: what the server has handed over already, what lies in the
 * two sockets, and what it writes before it reads the request.
 */
const UNDER_WAY = 1024 * 1024;

let place: Temporary;
let server: Child;
let client: Child;

beforeAll(async () => {
  place = await temporary();
  server = await forked('bulk/server-child', place.unix());
  client = await forked('bulk/client-child', place.at('s.sock'));
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

interface Outcome {
  readonly took: number;
  readonly calls: readonly Small[];
  readonly total: number;
  readonly peak: number;
  readonly plain: boolean;
  readonly owned: boolean;
  readonly right: boolean;
}

/** The value that this part of all values are not above. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

test('two long answers come whole, in memory of their own, and hold up no small call', {
  timeout: 60_000,
}, async () => {
  await server.ask('make', SIZE);
  // Peaks before: what a process takes by itself, and the server with what it is about to send.
  const empty = await client.ask<number>('peak');
  const loaded = await server.ask<number>('peak');
  const { took, calls, total, peak, plain, owned, right } = await client.ask<Outcome>('run', SIZE);
  const sent = await server.ask<number>('peak');

  const bytes = calls.map((call) => call.bytes);
  if (process.env['NEARCALL_BULK'] !== undefined) {
    const times = calls.map((call) => call.time);
    const parts = (values: readonly number[]) => [0.5, 0.99, 1].map((part) => quantile(values, part));
    console.log({
      calls: calls.length,
      times: parts(times),
      bytes: parts(bytes),
      rate: (2 * SIZE) / took / 1000,
      client: { peak, over: peak - empty - 2 * SIZE },
      server: { peak: sent, over: sent - loaded },
    });
  }

  expect({ plain, owned, right }).toEqual({ plain: true, owned: true, right: true });
  // Frames add little to what they carry.
  expect(total).toBeGreaterThan(2 * SIZE);
  expect(total).toBeLessThan(2 * SIZE * 1.001 + MB);
  // Many small calls fit in between, each behind a few chunks.
  expect(calls.length).toBeGreaterThan(SIZE / UNDER_WAY / 2);
  expect(quantile(bytes, 1)).toBeLessThan(UNDER_WAY + 4 * CHUNK);
  // Neither end holds what it sends or gets a second time, not for a moment.
  expect(peak - empty - 2 * SIZE).toBeLessThan(SIZE / 4 + 64 * MB);
  expect(sent - loaded).toBeLessThan(32 * MB);
});
