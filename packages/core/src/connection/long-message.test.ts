import { expect, test } from 'vitest';
import { FrameWriter } from '../wire/frame-writer.ts';
import { LongMessage } from './long-message.ts';
import { Outbox } from './outbox.ts';
import { alone } from './test-by-hand.ts';
import { drain, framesOf, type Sent } from './test-frames.ts';
import { creditFrame } from './test-stream-frames.ts';

interface Sending {
  readonly message: LongMessage;
  readonly outbox: Outbox;
  /** How often it was done. */
  done: number;
  /** Writes once, with chunks of so many bytes: what it wrote, and whether it could go on. */
  write(chunk: number): [more: boolean, ...frames: Sent[]];
}

/** A message of which the first frame held `sent` bytes. */
function sending(body: Uint8Array, sent: number): Sending {
  const outbox = new Outbox({ wake: () => {} });
  const message = new LongMessage(outbox, 6, body, sent, () => {
    it.done++;
  });
  outbox.addFlow(6, message);
  const it: Sending = {
    message,
    outbox,
    done: 0,
    write(chunk) {
      const frames = new FrameWriter();
      const more = message.write(frames, chunk);
      return [more, ...framesOf(...drain(frames))];
    },
  };
  return it;
}

const BODY = Uint8Array.from({ length: 100 }, (_, i) => i);

function chunk(from: number, to: number): unknown {
  return { type: 'CHUNK', flags: to < 100 ? 1 : 0, call: 6, payload: Buffer.from(BODY.subarray(from, to)) };
}

test('a frame holds no more than a chunk, its credit and what is left', () => {
  const it = sending(BODY, 10);
  it.message.grant(50);
  expect(it.write(30)).toEqual([true, chunk(10, 40)]);
  expect(it.write(30)).toEqual([false, chunk(40, 60)]);
  it.message.grant(1000);
  expect(it.write(30)).toEqual([true, chunk(60, 90)]);
  expect(it.done).toBe(0);
  expect(it.write(30)).toEqual([false, chunk(90, 100)]);
  expect(it.done).toBe(1);
});

test('it asks for its turn when it has credit, and not before', () => {
  const it = sending(BODY, 10);
  expect(it.outbox.take(1000)).toBeUndefined();
  it.outbox.grant(6, 0);
  expect(it.outbox.take(1000)).toBeUndefined();
  it.outbox.grant(6, 5);
  expect(framesOf(it.outbox.take(1000) as Uint8Array)).toEqual([chunk(10, 15)]);
  expect(it.outbox.take(1000)).toBeUndefined();
});

test('once it is over, credit for its call is somebody else’s', () => {
  const it = sending(BODY, 10);
  it.outbox.grant(6, 1000);
  expect(drain({ take: () => it.outbox.take(1000) })).toHaveLength(1);
  expect(it.done).toBe(1);
  it.outbox.grant(6, 5);
  expect(it.outbox.take(1000)).toBeUndefined();
  const next = sending(BODY, 50);
  it.outbox.addFlow(6, next.message);
  it.outbox.grant(6, 5);
  expect(next.write(1000)).toEqual([false, chunk(50, 55)]);
});

test('without accounts it goes in chunks, to its end', () => {
  const it = sending(BODY, 0);
  it.outbox.unbind();
  expect(framesOf(...drain({ take: () => it.outbox.take(40) }))).toEqual([chunk(0, 40), chunk(40, 80), chunk(80, 100)]);
  expect(it.done).toBe(1);
});

test('long bytes leave from where they are, uncopied', () => {
  const body = new Uint8Array(100_000);
  const it = sending(body, 0);
  it.message.grant(100_000);
  const frames = new FrameWriter();
  it.message.write(frames, 65_536);
  const pieces = drain(frames);
  expect(pieces.map(({ length }) => length)).toEqual([10, 65_536]);
  expect(pieces[1]?.buffer).toBe(body.buffer);
});

test('a message that fits a frame of the receiver leaves in one, and a longer one in shorter frames', () => {
  const end = alone({ role: 'dialer', remote: { chunk: 200_000 } });
  end.ask('unary', 1);
  end.sent();
  end.ask('unary', new Uint8Array(199_998));
  expect(end.leaves()).toEqual(['REQUEST 2 200000']);
  end.ask('unary', new Uint8Array(400_000));
  expect(end.leaves()).toEqual(['REQUEST+ 4 65536']);
  end.receive(creditFrame(4, 400_000));
  expect(end.leaves()).toEqual([...new Array(2).fill('CHUNK+ 4 131072'), 'CHUNK 4 72330']);
});
