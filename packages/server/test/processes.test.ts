import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startClient } from './child.ts';
import { text } from './contract.ts';
import type { Child } from './forked.ts';
import { close, connect, implement, type Server, serve } from './nearcall.ts';
import { sharedServer } from './shared-server.ts';
import { type Temporary, temporary } from './temporary.ts';

describe('a client here and a server in another process', () => {
  const shared = sharedServer();

  test('a text comes back in upper case', async () => {
    await using client = connect(shared.place.unix(), text);
    expect(await client.uppercase('hello world')).toBe('HELLO WORLD');
  });

  test.each([
    ['Japanese', 'こんにちは世界'],
    ['emoji', '👋🏽🌍👨‍👩‍👧'],
    ['letters with a case beyond ASCII', 'straße été ΣΊΣΥΦΟΣ'],
    ['nothing', ''],
    ['a NUL and line ends', 'a\0b\r\nc'],
    ['text of 127, 128 and 65,536 letters', ['x'.repeat(127), 'y'.repeat(128), 'z'.repeat(65_536)].join()],
  ])('%s arrives as it was sent', async (_, value) => {
    await using client = connect(shared.place.unix(), text);
    expect(await client.uppercase(value)).toBe(value.toUpperCase());
  });

  test('a text of 10 MB goes there and back, and small calls overtake it', async () => {
    await using client = connect(shared.place.unix(), text);
    const order: string[] = [];
    const size = 10_000_000;
    const long = client.uppercase('aé'.repeat(size / 2)).then((answer) => {
      order.push('long');
      return answer;
    });
    const short = client.uppercase('b').then(() => order.push('short'));
    const answer = await long;
    await short;
    // Compared by hand: where they differ, a matcher would print both.
    expect(answer.length).toBe(size);
    expect(answer === 'AÉ'.repeat(size / 2)).toBe(true);
    expect(order).toEqual(['short', 'long']);
  });

  test('1,000 calls at once each get their own answer, in whatever order the answers come', async () => {
    await using client = connect(shared.place.unix(), text);
    const order: number[] = [];
    const calls = Array.from({ length: 1000 }, async (_, value) => {
      // Later calls have shorter delays as often as longer ones.
      const answer = await client.later({ value, delay: (value * 37) % 100 });
      order.push(value);
      return answer;
    });
    const sent = Array.from({ length: 1000 }, (_, value) => value);
    expect(await Promise.all(calls)).toEqual(sent);
    expect(order).not.toEqual(sent);
  });

  test('calls beyond what the server takes at once wait for their turn, and all are answered', async () => {
    await using client = connect(shared.place.unix(), text);
    const calls = Array.from({ length: 3000 }, (_, i) => client.uppercase(`call ${i}`));
    const answers = await Promise.all(calls);
    expect(answers.every((answer, i) => answer === `CALL ${i}`)).toBe(true);
  });

  test('50 clients at once each get their own answers', async () => {
    const clients = Array.from({ length: 50 }, () => connect(shared.place.unix(), text));
    try {
      const answers = await Promise.all(
        clients.map((client, i) =>
          Promise.all(Array.from({ length: 20 }, (_, j) => client.uppercase(`client ${i} call ${j}`))),
        ),
      );
      expect(answers).toEqual(clients.map((_, i) => Array.from({ length: 20 }, (_, j) => `CLIENT ${i} CALL ${j}`)));
      expect(await shared.child.ask('connections')).toBe(50);
    } finally {
      await Promise.all(clients.map((client) => close(client)));
    }
    await expect.poll(() => shared.child.ask('connections'), { interval: 5 }).toBe(0);
  });
});

describe('a server here and a client in another process', () => {
  let place: Temporary;
  let server: Server;
  let client: Child;

  beforeAll(async () => {
    place = await temporary();
    const implementation = implement(text, {
      uppercase: (value) => value.toUpperCase(),
      later: ({ value }) => value,
      hang: () => new Promise<void>(() => {}),
      last: (value) => value,
    });
    server = await serve(place.unix(), implementation);
    client = await startClient(place.unix());
  });

  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await server.close();
    await place[Symbol.asyncDispose]();
  });

  test.each(['hello world', 'こんにちは 👋🏽'])('%s comes back in upper case', async (value) => {
    expect(await client.ask('uppercase', value)).toBe(value.toUpperCase());
  });

  test('1,000 calls at once each get their own answer', async () => {
    const answers = await client.ask<string[]>('many', 1000);
    expect(answers).toEqual(Array.from({ length: 1000 }, (_, i) => `CALL ${i}`));
  });

  test('a text of 10 MB goes there and back', async () => {
    expect(await client.ask('length', 10_000_000)).toBe(10_000_000);
  });
});
