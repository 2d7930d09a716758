import { type Duplex, duplexPair } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { memoryTransports } from './memory.ts';
import { messagePortTransport } from './message-port.ts';
import { duplexTransport, streamTransport } from './stream.ts';
import { Listening, text } from './test-listening.ts';
import type { Transport } from './transport.ts';

/** What makes both ends of a connection within this process. Sockets and pipes are tested where there are processes. */
const makers: Readonly<Record<string, () => [Transport, Transport]>> = {
  'in memory': memoryTransports,
  'over a Duplex': () => {
    const [near, far] = linked();
    return [duplexTransport(near), duplexTransport(far)];
  },
  'over two streams': () => {
    const [nearOut, farIn] = linked();
    const [farOut, nearIn] = linked();
    return [streamTransport(nearIn, nearOut), streamTransport(farIn, farOut)];
  },
  'over a MessagePort': () => {
    const { port1, port2 } = new MessageChannel();
    return [messagePortTransport(port1), messagePortTransport(port2)];
  },
};

/** Node's pair does not tell one end that the other was destroyed. */
function linked(): [Duplex, Duplex] {
  const [one, other] = duplexPair();
  one.once('close', () => other.destroy());
  other.once('close', () => one.destroy());
  return [one, other];
}

const open: Transport[] = [];

afterEach(() => {
  for (const transport of open.splice(0)) transport.destroy();
});

describe.each(Object.entries(makers))('a transport %s', (_, make) => {
  function started(): { near: Transport; far: Transport; heardNear: Listening; heardFar: Listening } {
    const [near, far] = make();
    open.push(near, far);
    return { near, far, heardNear: new Listening(near), heardFar: new Listening(far) };
  }

  test('carries bytes in order, both ways, however they are cut', async () => {
    const { near, far, heardNear, heardFar } = started();
    for (let i = 0; i < 100; i++) near.send(Buffer.from(`${i},`), i % 7 !== 0 && i < 99);
    far.send(text('back'), false);
    const all = Array.from({ length: 100 }, (_, i) => `${i},`).join('');
    expect(await heardFar.until((received) => received.length >= all.length)).toBe(all);
    expect(await heardNear.until((received) => received.length >= 4)).toBe('back');
  });

  test('carries what was sent before the other end had started', async () => {
    const [near, far] = make();
    open.push(near, far);
    const heardNear = new Listening(near);
    near.send(text('early'), false);
    near.end();
    await setImmediate();
    const heardFar = new Listening(far);
    await heardFar.ended;
    expect(heardFar.received).toBe('early');
    expect(heardNear.received).toBe('');
  });

  test('delivers nothing before send has returned', async () => {
    const { near, far, heardNear, heardFar } = started();
    near.send(text('a'), false);
    near.end();
    far.send(text('b'), false);
    expect([heardNear.log, heardFar.log]).toEqual([[], []]);
    await heardFar.ended;
    await heardNear.until((received) => received === 'b');
  });

  test('leaves the memory of what it has sent as it was', async () => {
    const { near, heardFar } = started();
    const slab = Buffer.alloc(1000, 'x');
    near.send(slab.subarray(10, 20), true);
    near.send(slab.subarray(500, 510), false);
    await heardFar.until((received) => received.length === 20);
    expect(slab.equals(Buffer.alloc(1000, 'x'))).toBe(true);
  });

  test('tells how much is queued, and when that has gone', async () => {
    const { near, heardNear, heardFar } = started();
    const piece = Buffer.alloc(50_000);
    for (let i = 0; i < 10; i++) near.send(piece, i < 9);
    expect(near.queued).toBeGreaterThan(250_000);
    expect(heardNear.log).not.toContain('drained');
    await heardFar.until((received) => received.length === 500_000);
    await heardNear.told('drained');
    expect(near.queued).toBe(0);
  });

  test('ends each way apart, and is closed without an error when both have ended', async () => {
    const { near, far, heardNear, heardFar } = started();
    near.send(text('question'), false);
    near.end();
    await heardFar.ended;
    expect(heardFar.received).toBe('question');
    // More turns than any of them needs to see the end.
    for (let i = 0; i < 10; i++) await setImmediate();
    expect(heardNear.log).not.toContain('ended');
    far.send(text('answer'), false);
    far.end();
    expect(await heardNear.closed).toBe(undefined);
    expect(await heardFar.closed).toBe(undefined);
    expect(heardNear.received).toBe('answer');
    expect(heardNear.log.slice(-2)).toEqual(['ended', 'closed']);
    expect(heardFar.log.slice(-1)).toEqual(['closed']);
  });

  test('sends nothing more behind its end', async () => {
    const { near, far, heardFar } = started();
    near.send(text('a'), false);
    near.end();
    near.send(text('b'), false);
    near.end();
    await heardFar.ended;
    far.end();
    await heardFar.closed;
    expect(heardFar.received).toBe('a');
  });

  test('that is destroyed is closed at both ends, and tells nothing after that', async () => {
    const { near, far, heardNear, heardFar } = started();
    far.send(text('lost'), false);
    near.destroy();
    near.send(text('lost'), false);
    near.destroy();
    await heardNear.closed;
    await heardFar.closed;
    far.send(text('lost'), false);
    far.end();
    near.hold(false);
    near.hold(true);
    for (let i = 0; i < 10; i++) await setImmediate();
    expect(heardNear.log.at(-1)).toBe('closed');
    expect(heardFar.log.at(-1)).toBe('closed');
    expect(heardFar.received).toBe('');
  });

  test('that was over before it started is closed', async () => {
    const [near, far] = make();
    near.destroy();
    // More turns than any of them needs to see the end.
    for (let i = 0; i < 10; i++) await setImmediate();
    const both = [new Listening(near), new Listening(far)];
    for (const heard of both) {
      await heard.closed;
      expect(heard.log).toEqual(['closed']);
    }
  });
});
