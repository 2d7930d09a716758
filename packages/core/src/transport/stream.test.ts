import { type Duplex, duplexPair, PassThrough, Readable, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { duplexTransport, streamTransport } from './stream.ts';
import { hear } from './stream-listeners.ts';
import { Listening, text } from './test-listening.ts';

/** A stream that a test feeds, and one that keeps what is written. */
function streams(): { readable: Readable; writable: Writable; written: string[] } {
  const written: string[] = [];
  const readable = new Readable({ read() {} });
  const writable = new Writable({
    write(chunk: Buffer, _, done) {
      written.push(chunk.toString());
      done();
    },
  });
  return { readable, writable, written };
}

async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await setImmediate();
}

describe('streams that come out at the other end while they are written to', () => {
  test('deliver nothing before send has returned, and all of it in order', async () => {
    const there = new PassThrough();
    const back = new PassThrough();
    const near = streamTransport(back, there);
    const heard = new Listening(streamTransport(there, back));
    near.send(text('a'), false);
    near.send(text('b'), false);
    near.end();
    expect(heard.log).toEqual([]);
    await heard.ended;
    expect(heard.received).toBe('ab');
  });

  test('tell each end what is its own, where both are here', async () => {
    const there = new PassThrough();
    const back = new PassThrough();
    const near = streamTransport(back, there);
    const far = streamTransport(there, back);
    const heardNear = new Listening(near);
    const heardFar = new Listening(far);
    near.send(text('question'), false);
    far.send(text('answer'), false);
    near.end();
    far.end();
    await Promise.all([heardNear.closed, heardFar.closed]);
    expect([heardNear.received, heardFar.received]).toEqual(['answer', 'question']);
    expect(heardNear.log).toEqual(['data', 'ended', 'closed']);
    expect(heardFar.log).toEqual(heardNear.log);
  });

  test('tell both ends where one of them fails', async () => {
    const there = new PassThrough();
    const back = new PassThrough();
    const ends = [new Listening(streamTransport(back, there)), new Listening(streamTransport(there, back))];
    there.destroy(new Error('snap'));
    for (const end of ends) expect((await end.closed)?.message).toBe('The stream to the other side failed: snap.');
  });
});

describe('streams that take at once what is written to them', () => {
  test('leave the event loop its turns, also where time stands still', async () => {
    vi.useFakeTimers({ toFake: ['setImmediate'] });
    onTestFinished(() => void vi.useRealTimers());
    const { readable, writable } = streams();
    const transport = streamTransport(readable, writable);
    let left = 100;
    const drained = (): void => {
      if (left-- <= 0) return;
      // Of a single piece that is taken at once Node tells nothing.
      transport.send(Buffer.alloc(65_536), true);
      transport.send(Buffer.alloc(65_536), false);
    };
    transport.start({ data() {}, drained, ended() {}, closed() {} });
    drained();
    let count = 0;
    for (; left > 0; count++) await setImmediate();
    expect(count).toBeGreaterThan(20);
    expect(count).toBeLessThan(30);
  });

  test('tell nothing more once they are closed', async () => {
    const { readable, writable } = streams();
    const heard = new Listening(streamTransport(readable, writable));
    for (let i = 0; i < 10; i++) writable.emit('drain');
    readable.destroy();
    writable.destroy();
    await heard.closed;
    await turns();
    expect(heard.log.at(-1)).toBe('closed');
  });
});

describe('memory that a stream reads into again', () => {
  test('is heard by its transport, or by whoever listens to it where it has none', () => {
    const memory = Buffer.from('abcdef');
    const { readable, writable } = streams();
    const events: string[] = [];
    readable.on('data', (bytes) => events.push(String(bytes)));
    hear(readable, memory, 3);
    const heard = new Listening(streamTransport(readable, writable));
    hear(readable, memory, 2);
    memory.write('xyz');
    hear(readable, memory, 2);
    hear(readable, Buffer.from('other'), 2);
    expect(events).toEqual(['abc']);
    expect(heard.received).toBe('abxyot');
  });
});

describe('a Duplex', () => {
  test('allows half-open use, whatever it was made with', async () => {
    const [one, other] = duplexPair({ allowHalfOpen: false });
    const near = duplexTransport(one);
    const far = duplexTransport(other);
    const heardNear = new Listening(near);
    const heardFar = new Listening(far);
    near.end();
    await heardFar.ended;
    await turns();
    far.send(text('late'), false);
    far.end();
    await heardNear.closed;
    expect(heardNear.received).toBe('late');
  });

  test('that fails is closed with the error, in the words that it is given', async () => {
    const [one] = duplexPair();
    const heard = new Listening(duplexTransport(one, (error) => new Error(`The wire broke: ${error.message}`)));
    one.destroy(new Error('snap'));
    expect((await heard.closed)?.message).toBe('The wire broke: snap');
    expect(heard.log).toEqual(['closed']);
  });

  test('that had closed before is closed', async () => {
    const [one] = duplexPair();
    one.destroy();
    await turns();
    expect(await new Listening(duplexTransport(one)).closed).toBe(undefined);
  });
});

describe('two streams', () => {
  test('end apart: the last words come also where the other process has closed its input', async () => {
    const { readable, writable } = streams();
    const transport = streamTransport(readable, writable);
    const heard = new Listening(transport);
    // As Node does with the input of a child that has exited.
    writable.destroy();
    await turns();
    readable.push('last words');
    readable.push(null);
    await heard.closed;
    expect(heard.received).toBe('last words');
    expect(heard.log).toEqual(['data', 'ended', 'closed']);
  });

  test('are over when nothing more can come', async () => {
    const { readable, writable } = streams();
    const heard = new Listening(streamTransport(readable, writable));
    readable.destroy();
    await heard.closed;
    expect(writable.destroyed).toBe(true);
    expect(heard.log).toEqual(['closed']);
  });

  test.each(['readable', 'writable'] as const)('are over when the %s one fails', async (which) => {
    const both = streams();
    const heard = new Listening(streamTransport(both.readable, both.writable));
    both[which].destroy(new Error('snap'));
    expect((await heard.closed)?.message).toBe('The stream to the other side failed: snap.');
    expect(both.readable.destroyed && both.writable.destroyed).toBe(true);
  });

  test('that do not close by themselves are closed when both have ended', async () => {
    const readable = new Readable({ read() {}, autoDestroy: false });
    const writable = new Writable({ write: (_chunk, _encoding, done) => done(), autoDestroy: false });
    const transport = streamTransport(readable, writable);
    const heard = new Listening(transport);
    readable.push(null);
    await heard.ended;
    transport.end();
    expect(await heard.closed).toBe(undefined);
  });

  test('of which one has ended before the start tell so', async () => {
    const { readable, writable, written } = streams();
    readable.push(null);
    readable.resume();
    await turns();
    const transport = streamTransport(readable, writable);
    const heard = new Listening(transport);
    transport.send(text('answer'), false);
    transport.end();
    await heard.closed;
    expect(written).toEqual(['answer']);
  });
});

describe('a stream of something else than bytes is refused', () => {
  test.each([
    ['texts', () => duplexPair()[0].setEncoding('utf8')],
    ['objects', () => duplexPair({ objectMode: true })[0]],
  ])('where it gives %s', (what, make) => {
    expect(() => duplexTransport(make())).toThrow(`The stream gives ${what}`);
    expect(() => streamTransport(make(), new PassThrough())).toThrow(`The stream gives ${what}`);
  });

  test('where it is no stream, or goes the other way', () => {
    const { readable, writable } = streams();
    for (const given of [undefined, {}, writable]) {
      expect(() => streamTransport(given as Readable, writable)).toThrow('no stream of Node that can be read');
      expect(() => duplexTransport(given as Duplex)).toThrow('no stream of Node that can be read');
    }
    for (const given of [undefined, {}, readable]) {
      expect(() => streamTransport(readable, given as Writable)).toThrow('no stream of Node that can be written to');
    }
    expect(() => duplexTransport(readable as Duplex)).toThrow('no stream of Node that can be written to');
  });
});

describe('what takes long to read', () => {
  /** Takes so long over each read that one is enough for a turn. */
  function busy(): void {
    const from = performance.now();
    while (performance.now() - from < 6);
  }

  test('leaves others their turns, and comes whole, in order, and before the end', async () => {
    const { readable, writable } = streams();
    const transport = streamTransport(readable, writable);
    let received = '';
    const turnsOfOthers: number[] = [];
    let others = 0;
    const other = (): void => {
      others++;
      if (!received.endsWith('$')) void setImmediate().then(other);
    };
    const ended = new Promise<void>((resolve) => {
      transport.start({
        data: (bytes) => {
          busy();
          received += bytes.toString();
          turnsOfOthers.push(others);
          bytes.fill(0);
        },
        drained: () => {},
        ended: resolve,
        closed: () => {},
      });
    });
    void setImmediate().then(other);
    const sent = ['a', 'b', 'c'].map((letter) => letter.repeat(20_000));
    for (const chunk of [...sent, '$']) readable.push(chunk);
    readable.push(null);
    await ended;
    expect(received).toBe(`${sent.join('')}$`);
    // The first chunk was read whole, as nothing had taken long, and the last is short: it waits for nobody.
    const gaps = turnsOfOthers.slice(1, -1).map((turn, i) => turn - (turnsOfOthers[i] as number));
    expect(gaps.length).toBeGreaterThan(5);
    expect(Math.min(...gaps), turnsOfOthers.join()).toBeGreaterThanOrEqual(1);
  });

  test('comes whole where the stream is closed meanwhile', async () => {
    const { readable, writable } = streams();
    const transport = streamTransport(readable, writable);
    const closed = new Promise<string>((resolve) => {
      let received = '';
      transport.start({
        data: (bytes) => {
          busy();
          received += bytes.toString();
          if (received.length < 40_000) return;
          readable.destroy();
          writable.destroy();
        },
        drained: () => {},
        ended: () => {},
        closed: () => resolve(received),
      });
    });
    readable.push('a'.repeat(30_000));
    readable.push('b'.repeat(30_000));
    expect(await closed).toBe('a'.repeat(30_000) + 'b'.repeat(30_000));
  });
});
