import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FLAG, FRAME } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import { Outbox, QUEUE_BYTES } from './outbox.ts';

interface Sent {
  readonly type: number;
  readonly call: number;
  readonly more: boolean;
  readonly body: Uint8Array;
}

/** The frames in one piece of what is to be sent. */
function framesOf(piece: Uint8Array | undefined): Sent[] {
  const frames: Sent[] = [];
  const decoder = new FrameDecoder(2 ** 24, (type, flags, call, bytes, start, end) =>
    frames.push({ type, call, more: (flags & FLAG.MORE) !== 0, body: Uint8Array.from(bytes.subarray(start, end)) }),
  );
  if (piece !== undefined) decoder.push(Buffer.from(piece));
  return frames;
}

/** All that can be sent now. */
function drain(outbox: Outbox, chunk: number): Sent[] {
  const frames: Sent[] = [];
  for (let piece = outbox.take(chunk); piece !== undefined; piece = outbox.take(chunk)) frames.push(...framesOf(piece));
  return frames;
}

function write(outbox: Outbox, queue: 'urgent' | 'frames', type: number): void {
  outbox[queue].begin(type, 0, 0, 0);
  outbox[queue].end();
}

const nothing = (): void => {};

test('what keeps the connection going leaves first, then frames, then chunks', () => {
  const outbox = new Outbox();
  outbox.addLong(8, new Uint8Array(30), 0, nothing);
  outbox.grant(8, 30);
  write(outbox, 'frames', FRAME.CANCEL);
  write(outbox, 'urgent', FRAME.PONG);
  expect(drain(outbox, 100).map(({ type }) => type)).toEqual([FRAME.PONG, FRAME.CANCEL, FRAME.CHUNK]);
});

test('frames that come up between two chunks leave before the second', () => {
  const outbox = new Outbox();
  outbox.addLong(8, new Uint8Array(200), 0, nothing);
  outbox.grant(8, 200);
  expect(framesOf(outbox.take(100))[0]?.type).toBe(FRAME.CHUNK);
  write(outbox, 'frames', FRAME.ANSWER);
  expect(framesOf(outbox.take(100))[0]?.type).toBe(FRAME.ANSWER);
  expect(framesOf(outbox.take(100))[0]?.type).toBe(FRAME.CHUNK);
  expect(outbox.take(100)).toBeUndefined();
});

test('long messages take turns, a chunk each', () => {
  const outbox = new Outbox();
  for (const call of [2, 4, 6]) {
    outbox.addLong(call, new Uint8Array(call === 4 ? 25 : 35), 5, nothing);
    outbox.grant(call, 1000);
  }
  expect(drain(outbox, 10).map(({ call, more }) => `${call}${more ? '+' : ''}`)).toEqual([
    '2+',
    '4+',
    '6+',
    '2+',
    '4',
    '6+',
    '2',
    '6',
  ]);
});

test('a message without credit waits, and goes on where it stood once it has some', () => {
  const outbox = new Outbox();
  const body = Uint8Array.from({ length: 20 }, (_, i) => i);
  outbox.addLong(2, body, 5, nothing);
  expect(outbox.take(100)).toBeUndefined();
  outbox.grant(2, 3);
  expect(drain(outbox, 100)).toEqual([{ type: FRAME.CHUNK, call: 2, more: true, body: Uint8Array.of(5, 6, 7) }]);
  expect(outbox.take(100)).toBeUndefined();
  outbox.grant(2, 0);
  expect(outbox.take(100)).toBeUndefined();
  outbox.grant(2, 100);
  expect(drain(outbox, 100)).toEqual([{ type: FRAME.CHUNK, call: 2, more: false, body: body.subarray(8) }]);
});

test('a message that is dropped sends nothing more, and the others keep their turns', () => {
  const outbox = new Outbox();
  const done: number[] = [];
  for (const call of [2, 4, 6]) {
    outbox.addLong(call, new Uint8Array(20), 0, () => done.push(call));
    outbox.grant(call, 100);
  }
  outbox.dropLong(4);
  outbox.dropLong(99);
  expect(drain(outbox, 10).map(({ call }) => call)).toEqual([2, 6, 2, 6]);
  expect(done).toEqual([2, 6]);
  outbox.grant(4, 100);
  expect(outbox.take(10)).toBeUndefined();
});

test('a call id that is used again has nothing of the message that had it before', () => {
  const outbox = new Outbox();
  outbox.addLong(2, new Uint8Array(20).fill(1), 0, nothing);
  outbox.grant(2, 5);
  outbox.dropLong(2);
  outbox.addLong(2, new Uint8Array(20).fill(2), 0, nothing);
  expect(outbox.take(100)).toBeUndefined();
  outbox.grant(2, 20);
  expect(drain(outbox, 100)).toEqual([{ type: FRAME.CHUNK, call: 2, more: false, body: new Uint8Array(20).fill(2) }]);
});

test('credit for a call that has no long message is ignored', () => {
  const outbox = new Outbox();
  outbox.grant(2, 100);
  outbox.addLong(2, new Uint8Array(10), 0, nothing);
  expect(outbox.take(100)).toBeUndefined();
});

/** One that has as much to send as it takes, in a frame of the type 0x7f. */
function full(): Outbox {
  const outbox = new Outbox();
  outbox.frames.begin(0x7f, 0, 0, QUEUE_BYTES);
  outbox.frames.bytes(new Uint8Array(QUEUE_BYTES - 10));
  outbox.frames.end();
  return outbox;
}

test('it is full from its limit on, and not a byte before', () => {
  const outbox = full();
  expect([outbox.queued, outbox.full]).toEqual([QUEUE_BYTES, true]);
  const almost = new Outbox();
  almost.frames.begin(0x7f, 0, 0, QUEUE_BYTES);
  almost.frames.bytes(new Uint8Array(QUEUE_BYTES - 11));
  almost.frames.end();
  expect(almost.full).toBe(false);
});

test('what is to be written later is written in order once there is room, and what is urgent goes before', () => {
  const outbox = full();
  for (const type of [FRAME.ANSWER, FRAME.ERROR]) outbox.later(() => write(outbox, 'frames', type));
  write(outbox, 'urgent', FRAME.PONG);
  expect(drain(outbox, 100).map(({ type }) => type)).toEqual([FRAME.PONG, 0x7f, FRAME.ANSWER, FRAME.ERROR]);
  expect(outbox.queued).toBe(0);
  expect(outbox.full).toBe(false);
});

test('what fills it again makes the rest wait on', () => {
  const outbox = full();
  const written: string[] = [];
  outbox.later(() => {
    written.push('first');
    outbox.frames.begin(0x7e, 0, 0, QUEUE_BYTES);
    outbox.frames.bytes(new Uint8Array(QUEUE_BYTES));
    outbox.frames.end();
  });
  outbox.later(() => written.push('second'));
  expect(framesOf(outbox.take(100))[0]?.type).toBe(0x7f);
  expect(framesOf(outbox.take(100))[0]?.type).toBe(0x7e);
  expect(written).toEqual(['first']);
  expect(outbox.take(100)).toBeUndefined();
  expect(written).toEqual(['first', 'second']);
});

test('what was to be written later is dropped with the long messages', () => {
  const outbox = full();
  outbox.later(() => expect.fail('It was written.'));
  outbox.dropAll();
  expect(drain(outbox, 100).map(({ type }) => type)).toEqual([0x7f]);
});

test('once all are dropped the frames that were written still leave', () => {
  const outbox = new Outbox();
  outbox.addLong(2, new Uint8Array(10), 0, nothing);
  outbox.grant(2, 100);
  write(outbox, 'frames', FRAME.GOAWAY);
  outbox.dropAll();
  expect(drain(outbox, 100).map(({ type }) => type)).toEqual([FRAME.GOAWAY]);
});

test('what waits is counted without the long messages', () => {
  const outbox = new Outbox();
  outbox.addLong(2, new Uint8Array(1000), 0, nothing);
  outbox.grant(2, 1000);
  expect(outbox.queued).toBe(0);
  write(outbox, 'frames', FRAME.CANCEL);
  write(outbox, 'urgent', FRAME.PONG);
  expect(outbox.queued).toBe(20);
  drain(outbox, 100);
  expect(outbox.queued).toBe(0);
});

test('however credit comes, each message arrives whole, in order, within its credit, and is done once', () => {
  const anyMessage = fc.record({ length: fc.integer({ min: 1, max: 120 }), sent: fc.nat(100) });
  const anyStep = fc.oneof(
    fc.record({ kind: fc.constant('grant' as const), which: fc.nat(5), credit: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant('take' as const) }),
  );
  fc.assert(
    fc.property(
      fc.array(anyMessage, { minLength: 1, maxLength: 6 }),
      fc.array(anyStep, { maxLength: 60, size: 'max' }),
      fc.integer({ min: 1, max: 40 }),
      (given, steps, chunk) => {
        const outbox = new Outbox();
        const messages = given.map(({ length, sent }, call) => {
          const message = {
            body: Uint8Array.from({ length }, (_, i) => (i * 7 + call) % 256),
            came: Math.min(sent, length - 1),
            credit: 0,
            done: 0,
          };
          outbox.addLong(call, message.body, message.came, () => message.done++);
          return message;
        });
        const took = (frames: Sent[]): void => {
          for (const { call, more, body } of frames) {
            const message = messages[call] as (typeof messages)[number];
            expect(body.length).toBeGreaterThan(0);
            expect(body.length).toBeLessThanOrEqual(Math.min(chunk, message.credit));
            expect(body).toEqual(message.body.subarray(message.came, message.came + body.length));
            message.came += body.length;
            message.credit -= body.length;
            expect(more).toBe(message.came < message.body.length);
          }
          for (const { done, came, body } of messages) expect(done).toBe(came === body.length ? 1 : 0);
        };
        for (const step of steps) {
          if (step.kind === 'take') took(framesOf(outbox.take(chunk)));
          else {
            const message = messages[step.which];
            if (message !== undefined) message.credit += step.credit;
            outbox.grant(step.which, step.credit);
          }
        }
        took(drain(outbox, chunk));
        // Whoever could go on has gone on.
        for (const message of messages) expect(message.done === 1 || message.credit === 0).toBe(true);
        for (const [call, message] of messages.entries()) {
          message.credit += 1000;
          outbox.grant(call, 1000);
        }
        took(drain(outbox, chunk));
        expect(messages.every(({ done }) => done === 1)).toBe(true);
      },
    ),
    { numRuns: 120 },
  );
});
