import { expect, test } from 'vitest';
import { startServer } from './child.ts';
import { text } from './contract.ts';
import { connect, ready } from './nearcall.ts';
import { dialRaw, framesOf, GOAWAY, hello, PREFACE } from './raw-client.ts';
import { temporary } from './temporary.ts';

interface Memory {
  readonly rss: number;
  readonly arrayBuffers: number;
}

const MIB = 1024 * 1024;
const FATAL = 1;

test('a frame that claims 4 GiB is refused at its header: nothing is allocated, and others notice nothing', async () => {
  await using place = await temporary();
  await using server = await startServer(place.unix());
  await using other = connect(place.unix(), text);
  await ready(other);
  await other.uppercase('warm');
  const before = await server.ask<Memory>('memory');

  let calling = true;
  const calls = (async () => {
    let count = 0;
    for (; calling; count++) expect(await other.uppercase('hello')).toBe('HELLO');
    return count;
  })();
  const rounds = 20;
  let highest = before.arrayBuffers;
  for (let i = 0; i < rounds; i++) {
    using raw = await dialRaw(place.at('s.sock'));
    raw.send(Buffer.concat([Buffer.from(PREFACE), hello]));
    await raw.until((all) => framesOf(all).length > 0);
    // The length alone: what is refused is refused before its type is known.
    raw.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
    const last = framesOf(await raw.ended).at(-1);
    expect(last).toMatchObject({ type: GOAWAY, flags: FATAL });
    const said = last?.payload.toString('latin1');
    expect(said).toContain('4294967289 bytes');
    expect(said).toContain('limit "chunk"');
    highest = Math.max(highest, (await server.ask<Memory>('memory')).arrayBuffers);
    await raw.closed;
  }
  calling = false;

  expect(await calls).toBeGreaterThan(rounds);
  const after = await server.ask<Memory>('memory');
  expect(highest - before.arrayBuffers).toBeLessThan(MIB);
  expect(after.rss - before.rss).toBeLessThan(16 * MIB);
  await expect.poll(() => server.ask('connections'), { interval: 5 }).toBe(1);
  expect(await other.uppercase('still here')).toBe('STILL HERE');
});

test('what is sent behind a refused header is read and dropped, not kept', async () => {
  await using place = await temporary();
  await using server = await startServer(place.unix());
  const before = await server.ask<Memory>('memory');
  using raw = await dialRaw(place.at('s.sock'));
  raw.send(Buffer.concat([Buffer.from(PREFACE), hello]));
  await raw.until((all) => framesOf(all).length > 0);
  raw.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  const megabyte = Buffer.alloc(MIB);
  for (let i = 0; i < 64; i++) raw.send(megabyte);
  const frames = framesOf(await raw.ended);
  expect(frames.at(-1)).toMatchObject({ type: GOAWAY, flags: FATAL });
  await raw.closed;
  await expect.poll(() => server.ask('connections'), { interval: 5 }).toBe(0);
  // A collection does not free them at once: V8 sweeps what array buffers held beside the program.
  const kept = async () => (await server.ask<Memory>('memory')).arrayBuffers - before.arrayBuffers;
  await expect.poll(kept, { timeout: 10_000 }).toBeLessThan(MIB);
});
