import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { echoing } from './descriptors/contract.ts';
import { close, connect, implement, serve } from './nearcall.ts';
import { dialRaw, framesOf, GOAWAY, hello, OPENING, PREFACE } from './raw-client.ts';
import { type Temporary, temporary } from './temporary.ts';

const LIMIT = 100;
const WHY = `The other side did not finish a frame within ${LIMIT} ms (option "unfinished").`;
/** A frame of a hundred bytes, of which a few are there. */
const BEGUN = Buffer.of(0, 0, 0, 100, 0x10, 0, 0, 0);

let place: Temporary;

beforeEach(async () => {
  place = await temporary();
});

afterEach(() => place[Symbol.asyncDispose]());

test('a client that begins a frame and never ends it is told why it is cut off; the others are served on', async () => {
  await using server = await serve(place.unix(), implement(echoing, { echo: (word) => word }), { unfinished: LIMIT });
  const client = connect(place.unix(), echoing);
  expect(await client.echo('before')).toBe('before');
  using raw = await dialRaw(place.at('s.sock'));
  raw.send(Buffer.concat([Buffer.from(PREFACE), hello, BEGUN]));
  const last = framesOf(await raw.ended).at(-1);
  expect([last?.type, last?.flags, last?.payload.toString('latin1')]).toEqual([
    GOAWAY,
    1,
    expect.stringContaining(WHY),
  ]);
  expect(await client.echo('after')).toBe('after');
  await raw.closed;
  await expect.poll(() => server.connections, { interval: 2 }).toBe(1);
  await close(client);
});

test('a server that does so costs its client the calls that are open, with the reason', async () => {
  const impostor = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(Buffer.concat([Buffer.from(OPENING), hello, BEGUN])));
  });
  impostor.listen(place.at('s.sock'));
  await once(impostor, 'listening');
  const client = connect(place.unix(), echoing, { unfinished: LIMIT, reconnect: false });
  const lost = { code: 'UNAVAILABLE', execution: 'unknown', message: expect.stringContaining(WHY) };
  await expect(client.echo('lost')).rejects.toMatchObject(lost);
  await close(client);
  await new Promise((resolve) => impostor.close(resolve));
});
