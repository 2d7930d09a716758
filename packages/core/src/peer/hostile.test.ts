/** What a hostile other end can make of an end that serves. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { event } from '../contract/event.ts';
import { implement } from '../contract/implement.ts';
import { KIND } from '../contract/kind.ts';
import { method } from '../contract/method.ts';
import { service } from '../contract/service.ts';
import { EVENTS_CALL, FRAME } from '../wire/frame.ts';
import type { FrameWriter } from '../wire/frame-writer.ts';
import { type Clock, systemClock } from './clock.ts';
import { type Attacked, ask, attacked, declare, put } from './test-hostile.ts';
import { quiet } from './test-world.ts';

const victim = service('victim', {
  up: method({ input: z.string(), output: z.string() }),
  long: method({ input: z.void(), output: z.string() }),
  faulty: method({ input: z.void(), output: z.void() }),
  note: event(z.object({ n: z.number() })),
  held: event(z.string()),
});

const implementation = implement(victim, {
  up: (text) => text.toUpperCase(),
  long: () => 'x'.repeat(2000),
  faulty: () => {
    throw new Error('a fault of the handler');
  },
  note: () => {},
  held: () => new Promise(() => {}),
});

const MOST_TOLD = 101;

test.each([
  ['cannot be read', [Buffer.of(0, 0, 0xc1)]],
  ['are not valid', [Buffer.of(0, 0, 5)]],
])('a flood of events that %s is told a hundred times, and not again', async (_, payload) => {
  await using end = await attacked(implementation);
  await end.send((frames) => {
    declare(frames, 0, 'victim.note', KIND.event);
    for (let i = 0; i < 1000; i++) put(frames, FRAME.EVENT, EVENTS_CALL, ...payload);
  });
  expect(end.reported).toHaveLength(MOST_TOLD);
  expect(end.reported.at(-1)?.[0].message).toContain('No more of these are told');
});

test('a flood of events that nobody handles is told a hundred times, and not again', async () => {
  await using end = await attacked(implementation);
  await end.send((frames) => {
    for (let i = 0; i < 1000; i++) {
      declare(frames, i, `victim.none${i}`, KIND.event);
      put(frames, FRAME.EVENT, EVENTS_CALL, Buffer.of(i >> 8, i & 255));
    }
  });
  expect(end.reported).toHaveLength(MOST_TOLD);
});

test('one who takes only short answers, and asks for long ones, is told of a hundred times', async () => {
  await using end = await attacked(implementation, { message: 1024 });
  await end.send((frames) => {
    declare(frames, 0, 'victim.long');
    for (let i = 0; i < 1000; i++) ask(frames, FRAME.REQUEST, i * 2, undefined);
  });
  expect(end.reported).toHaveLength(MOST_TOLD);
  expect(end.peer.serving).toBe(0);
});

test('each fault of a handler is told, however many there are', async () => {
  await using end = await attacked(implementation);
  await end.send((frames) => {
    declare(frames, 0, 'victim.faulty');
    for (let i = 0; i < 200; i++) ask(frames, FRAME.REQUEST, i * 2, undefined);
  });
  expect(end.reported).toHaveLength(200);
});

test('names that the other end made up cannot move the cursor of who reads them', async () => {
  await using end = await attacked(implementation);
  await end.send((frames) => {
    declare(frames, 0, 'victim.\u001b[2Jgone\nnearcall: all is well', KIND.event);
    put(frames, FRAME.EVENT, EVENTS_CALL, Buffer.of(0, 0));
  });
  const [[error, name] = []] = end.reported;
  expect(name).toBe('victim.\\u{1b}[2Jgone\\u{a}nearcall: all is well');
  expect(error?.message).toContain('\\u{1b}[2Jgone\\u{a}nearcall');
});

/** A clock whose timers ring when a test says so. */
function byHand(): { clock: Clock; pass(milliseconds: number): void } {
  const timers = new Set<{ at: number; action: () => void }>();
  let now = 0;
  const timer = (action: () => void, milliseconds: number): (() => void) => {
    const made = { at: now + milliseconds, action };
    timers.add(made);
    return () => timers.delete(made);
  };
  const pass = (milliseconds: number): void => {
    now += milliseconds;
    for (const due of [...timers]) if (due.at <= now && timers.delete(due)) due.action();
  };
  return { clock: { ...systemClock, now: () => now, timer }, pass };
}

/** A peer that has been told goodbye, and has ended its side, by an attacker who goes on. */
async function left(clock: Clock): Promise<{ end: Attacked; isClosed(): boolean }> {
  const end = await attacked(implementation, {}, clock);
  let closed = false;
  void end.peer.closed.then(() => {
    closed = true;
  });
  await end.send((frames) => {
    declare(frames, 0, 'victim.held', KIND.event);
    put(frames, FRAME.GOAWAY, 0, Buffer.of(0x80));
  });
  return { end, isClosed: () => closed };
}

test('events behind a goodbye, which need no credit, are taken until 8 MiB of them wait for their handlers', async () => {
  const { clock, pass } = byHand();
  const { end, isClosed } = await left(clock);
  await using _ = end;
  const events = (frames: FrameWriter): void => {
    for (let i = 0; i < 100; i++) ask(frames, FRAME.EVENT, EVENTS_CALL, 'x'.repeat(60_000));
  };
  await end.send(events);
  pass(1000);
  await quiet();
  expect(isClosed()).toBe(false);
  await end.send(events);
  pass(1000);
  await quiet();
  expect(isClosed()).toBe(true);
});

test('one that says goodbye and stays is let go after ten seconds', async () => {
  const { clock, pass } = byHand();
  const { end, isClosed } = await left(clock);
  await using _ = end;
  pass(9999);
  await quiet();
  expect(isClosed()).toBe(false);
  pass(1);
  await quiet();
  expect(isClosed()).toBe(true);
});
