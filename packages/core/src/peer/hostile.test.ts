/** What a hostile other end can make of an end that serves. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { event } from '../contract/event.ts';
import { implement } from '../contract/implement.ts';
import { KIND } from '../contract/kind.ts';
import { method } from '../contract/method.ts';
import { service } from '../contract/service.ts';
import { EVENTS_CALL, FRAME } from '../wire/frame.ts';
import { ask, attacked, declare, put } from './test-hostile.ts';

const victim = service('victim', {
  up: method({ input: z.string(), output: z.string() }),
  long: method({ input: z.void(), output: z.string() }),
  faulty: method({ input: z.void(), output: z.void() }),
  note: event(z.object({ n: z.number() })),
});

const implementation = implement(victim, {
  up: (text) => text.toUpperCase(),
  long: () => 'x'.repeat(2000),
  faulty: () => {
    throw new Error('a fault of the handler');
  },
  note: () => {},
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
