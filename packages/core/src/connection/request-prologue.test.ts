import { expect, test } from 'vitest';
import { FLAG, FRAME } from '../wire/frame.ts';
import { DEFAULT_LIMITS, type Limits, limitsWith } from '../wire/limits.ts';
import { Outbox } from './outbox.ts';
import { RequestPrologue } from './request-prologue.ts';
import { Asked } from './test-ends.ts';
import { framesOf } from './test-frames.ts';

const prologue = new RequestPrologue();

/** What is said of a call: the flags, and the bytes before the body. */
function said(
  method: number,
  timeLeft: number,
  nesting: number,
  metadata?: Uint8Array,
  limits: Limits = DEFAULT_LIMITS,
): [flags: number, ...bytes: number[]] {
  const call = new Asked();
  call.nesting = nesting;
  call.metadata = metadata;
  prologue.set(method, timeLeft, call, limits);
  const outbox = new Outbox({ wake: () => {} });
  outbox.frames.begin(FRAME.REQUEST, prologue.flags, 0, prologue.size);
  prologue.write(outbox);
  outbox.frames.end();
  const [frame] = framesOf(outbox.take(1024) as Uint8Array);
  expect(frame?.payload).toHaveLength(prologue.size);
  return [frame?.flags ?? -1, ...(frame?.payload ?? [])];
}

const NEVER = Number.POSITIVE_INFINITY;
const { DEADLINE, NESTED, METADATA } = FLAG;

test('a call of which nothing is to be said names its method alone', () => {
  expect(said(0x0102, NEVER, 0)).toEqual([0, 1, 2]);
});

test('each field stands where its flag says so, in the order of the protocol', () => {
  expect(said(1, 0x0102_0304, 0)).toEqual([DEADLINE, 0, 1, 1, 2, 3, 4]);
  expect(said(1, NEVER, 1)).toEqual([NESTED, 0, 1, 1]);
  expect(said(1, NEVER, 0, Uint8Array.of(0x80))).toEqual([METADATA, 0, 1, 0, 1, 0x80]);
  expect(said(1, 5, 255, Uint8Array.of(0x80))).toEqual([
    DEADLINE | NESTED | METADATA,
    ...[0, 1, 0, 0, 0, 5, 255, 0, 1, 0x80],
  ]);
});

test('nothing is left of the call before', () => {
  said(1, 5, 255, Uint8Array.of(0x80));
  expect(said(2, NEVER, 0)).toEqual([0, 0, 2]);
});

test('the time left is rounded up, and is neither below nothing nor more than the field holds', () => {
  for (const [timeLeft, field] of [
    [0.001, [0, 0, 0, 1]],
    [1, [0, 0, 0, 1]],
    [1.5, [0, 0, 0, 2]],
    [0, [0, 0, 0, 0]],
    [-3, [0, 0, 0, 0]],
    [2 ** 32 - 1, [255, 255, 255, 255]],
    [2 ** 40, [255, 255, 255, 255]],
  ] as const) {
    expect(said(1, timeLeft, 0)).toEqual([DEADLINE, 0, 1, ...field]);
  }
});

test('metadata that is more than the other side takes is refused before anything is written', () => {
  const limits = limitsWith({ metadata: 100 });
  expect(said(1, NEVER, 0, new Uint8Array(100), limits)[0]).toBe(METADATA);
  expect(() => said(1, NEVER, 0, new Uint8Array(101), limits)).toThrow(
    expect.objectContaining({ code: 'RESOURCE_EXHAUSTED', execution: 'not-sent' }),
  );
});
