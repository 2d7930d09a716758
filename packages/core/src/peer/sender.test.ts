import { expect, test } from 'vitest';
import type { Transport } from '../transport/transport.ts';
import type { Clock } from './clock.ts';
import { Sender } from './sender.ts';

test('an end that nothing comes from is asked now and then, as long as it waits and nothing else asks it', () => {
  let tick: (() => void) | undefined;
  const clock: Clock = {
    now: () => 0,
    timer: () => () => {},
    repeat: (action) => {
      tick = action;
      return () => {
        tick = undefined;
      };
    },
    defer: (action) => action(),
    turn: () => {},
    hold: () => () => {},
  };
  const transport = { queued: 0, hold: () => {}, send: () => {} };
  let asked = 0;
  const source = { finished: false, phase: 'open', awaited: true, take: () => undefined, ask: () => void asked++ };
  const events = { sending: () => {}, sent: () => {}, left: () => {} };
  const sender = new Sender(source, transport as unknown as Transport, clock, events);

  sender.watch();
  expect(asked).toBe(0);
  tick?.();
  tick?.();
  expect(asked).toBe(2);
  transport.queued = 1;
  tick?.();
  expect(asked).toBe(2);
  transport.queued = 0;
  tick?.();
  expect(asked).toBe(3);
  source.awaited = false;
  tick?.();
  expect(asked).toBe(3);
  expect(tick).toBeUndefined();
});

test('one that stays is let go after ten seconds, unless it goes on reading what is on its way', () => {
  let waits: { action: () => void; milliseconds: number } | undefined;
  const clock: Clock = {
    now: () => 0,
    timer: (action, milliseconds) => {
      waits = { action, milliseconds };
      return () => {};
    },
    repeat: () => () => {},
    defer: (action) => action(),
    turn: () => {},
    hold: () => () => {},
  };
  let destroyed = 0;
  const transport = { queued: 300, hold: () => {}, send: () => {}, end: () => {}, destroy: () => destroyed++ };
  const source = { finished: true, phase: 'open', awaited: false, take: () => undefined, ask: () => {} };
  const events = { sending: () => {}, sent: () => {}, left: () => {} };
  const sender = new Sender(source, transport as unknown as Transport, clock, events);
  sender.schedule();
  for (const queued of [200, 100]) {
    transport.queued = queued;
    expect(waits?.milliseconds).toBe(10_000);
    waits?.action();
    expect(destroyed).toBe(0);
  }
  waits?.action();
  expect(destroyed).toBe(1);
});
