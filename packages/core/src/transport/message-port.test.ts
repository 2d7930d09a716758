import { setImmediate } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { messagePortTransport } from './message-port.ts';
import { Listening, text } from './test-listening.ts';
import type { Transport } from './transport.ts';

const open: MessagePort[] = [];

afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

/** A transport at one end of a channel, and nothing but the port at the other. */
function half(): { transport: Transport; heard: Listening; port: MessagePort; messages: unknown[] } {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  const transport = messagePortTransport(port1);
  const messages: unknown[] = [];
  port2.on('message', (message) => messages.push(message));
  return { transport, heard: new Listening(transport), port: port2, messages };
}

async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await setImmediate();
}

/** Bytes as the other thread sends them, behind the count of those that it has taken. */
function message(bytes: string, taken = 0): Uint8Array {
  const all = Buffer.alloc(4 + bytes.length);
  all.writeUInt32BE(taken);
  all.write(bytes, 4, 'latin1');
  return new Uint8Array(all);
}

describe('what was sent in one go', () => {
  test('leaves as one message, in memory of its own', async () => {
    const { transport, messages } = half();
    const slab = Buffer.alloc(65_536, '.');
    transport.send(slab.subarray(0, 3), true);
    transport.send(slab.subarray(100, 103), false);
    await turns();
    expect(messages).toEqual([message('......')]);
    expect((messages[0] as Uint8Array).buffer.byteLength).toBe(4 + 6);
    expect(slab.length).toBe(65_536);
  });

  test('is queued until the other thread says that it has taken it', async () => {
    const { transport, heard, port } = half();
    transport.send(text('abcdef'), false);
    await turns();
    expect(transport.queued).toBe(6);
    port.postMessage(2);
    await turns();
    expect(transport.queued).toBe(4);
    expect(heard.log).toEqual([]);
    // The rest along with bytes.
    port.postMessage(message('x', 4));
    await heard.until((received) => received === 'x');
    expect(transport.queued).toBe(0);
    expect(heard.log).toEqual(['drained', 'data']);
  });
});

describe('that bytes were taken', () => {
  test('is told in the same turn, with the next bytes or alone', async () => {
    const { transport, heard, port, messages } = half();
    port.postMessage(message('abc'));
    await heard.until((received) => received === 'abc');
    transport.send(text('d'), false);
    await turns();
    expect(messages).toEqual([message('d', 3)]);
    port.postMessage(message('efgh'));
    await turns();
    expect(messages.slice(1)).toEqual([4]);
  });

  test('is told at once where it is much', async () => {
    const { messages, port } = half();
    for (let i = 0; i < 4; i++) port.postMessage(message('x'.repeat(40_000)));
    await turns();
    expect(messages).toEqual([80_000, 80_000]);
  });
});

describe('a foreign message', () => {
  test.each<[string, unknown]>([
    ['a text', 'hello'],
    ['nothing', undefined],
    ['a boolean', true],
    ['an object', { bytes: 1 }],
    ['an array', [1, 2, 3, 4, 5]],
    ['a BigInt', 5n],
    ['other binary data', new Uint16Array(8)],
    ['a buffer', new ArrayBuffer(8)],
    ['memory that is shared', new Uint8Array(new SharedArrayBuffer(8))],
    ['too few bytes', new Uint8Array(3)],
    ['no bytes', new Uint8Array(0)],
    ['more bytes taken than were sent', 11],
    ['more bytes taken than were sent, along with bytes', message('x', 11)],
    ['a negative count', -1],
    ['a count that is no number', Number.NaN],
    ['an infinite count', Number.POSITIVE_INFINITY],
  ])('that is %s ends the connection, and throws nothing', async (_, sent) => {
    const { transport, heard, port } = half();
    transport.send(text('0123456789'), false);
    let closed = false;
    port.once('close', () => {
      closed = true;
    });
    port.postMessage(message('good'));
    port.postMessage(sent);
    port.postMessage(message('behind'));
    expect((await heard.closed)?.message).toMatch(/^The other thread broke the connection: it sent /);
    await turns();
    expect(heard.received).toBe('good');
    expect(heard.log.at(-1)).toBe('closed');
    expect(closed).toBe(true);
  });

  test.each<[string, unknown]>([
    ['bytes', message('more')],
    ['another end', null],
  ])('that is %s behind the end of the side ends the connection', async (_, sent) => {
    const { heard, port } = half();
    port.postMessage(null);
    port.postMessage(sent);
    expect((await heard.closed)?.message).toContain('end of its side');
    expect(heard.log).toEqual(['ended', 'closed']);
  });

  test('with a port in it is dropped with the port', async () => {
    const { heard, port } = half();
    const other = new MessageChannel();
    const gone = new Promise((resolve) => other.port2.once('close', resolve));
    other.port2.ref();
    port.postMessage({ port: other.port1 }, [other.port1]);
    await heard.closed;
    other.port2.close();
    await gone;
  });
});

describe('the end of the other thread', () => {
  const LAST_WORDS = `
    const { workerData: { port, how } } = require('node:worker_threads');
    port.postMessage(Buffer.concat([Buffer.alloc(4), Buffer.from('last words')]));
    port.ref();
    if (how === 'exit') process.exit(1);
    if (how === 'throw') throw new Error('on purpose');
    if (how === 'spin') for (;;);
    if (how === 'close') { port.close(); setInterval(() => {}, 1000); }
  `;

  test.each(['exit', 'throw', 'spin', 'close'])('by %s is seen, behind what it said last', async (how) => {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(LAST_WORDS, { eval: true, workerData: { port: port2, how }, transferList: [port2] });
    worker.on('error', () => {});
    const heard = new Listening(messagePortTransport(port1));
    await heard.until((received) => received === 'last words');
    if (how === 'spin') await worker.terminate();
    expect((await heard.closed)?.message).toBe('The other thread has ended, or closed its port.');
    expect(heard.log).toEqual(['data', 'closed']);
    await worker.terminate();
  });
});

describe('holding', () => {
  test('keeps the thread running, or not, also from before the start', async () => {
    const { port1, port2 } = new MessageChannel();
    open.push(port1, port2);
    // The types do not know it.
    const holds = (): boolean => (port1 as MessagePort & { hasRef(): boolean }).hasRef();
    const transport = messagePortTransport(port1);
    transport.hold(false);
    new Listening(transport);
    expect(holds()).toBe(false);
    transport.hold(true);
    expect(holds()).toBe(true);
    transport.hold(false);
    expect(holds()).toBe(false);
  });
});

test('what is no port of node:worker_threads is refused', () => {
  for (const given of [undefined, {}, new EventTarget()]) {
    expect(() => messagePortTransport(given as MessagePort)).toThrow('This is no port of node:worker_threads');
  }
});
