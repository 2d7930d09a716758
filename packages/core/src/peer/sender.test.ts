import os from 'node:os';
import { expect, test, vi } from 'vitest';
import { OURS, type Transport } from '../transport/transport.ts';
import type { Clock } from './clock.ts';
import { Sender } from './sender.ts';

const receive = (): void => {};

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
    defer: (action, of) => action(of),
    turn: () => {},
    hold: () => () => {},
  };
  const transport = { queued: 0, hold: () => {}, send: () => {} };
  let asked = 0;
  const source = {
    finished: false,
    phase: 'open',
    awaited: true,
    take: () => undefined,
    ask: () => void asked++,
    receive,
  };
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
    defer: (action, of) => action(of),
    turn: () => {},
    hold: () => () => {},
  };
  let destroyed = 0;
  const transport = { queued: 300, hold: () => {}, send: () => {}, end: () => {}, destroy: () => destroyed++ };
  const source = { finished: true, phase: 'open', awaited: false, take: () => undefined, ask: () => {}, receive };
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

test('behind what is longer than all that is handed over at once the next goes along: no stream tells that it took one alone', () => {
  const clock = { defer: (action: (of: Sender) => void, of: Sender) => action(of) } as unknown as Clock;
  const pieces = [Buffer.alloc(300_000), Buffer.alloc(300_001), Buffer.alloc(300_002)];
  const take = (): Uint8Array | undefined => pieces.shift();
  const source = { finished: false, phase: 'open', awaited: false, take, ask: () => {}, receive };
  const sent: [bytes: number, more: boolean][] = [];
  const transport = {
    queued: 0,
    hold: () => {},
    send: (bytes: Uint8Array, more: boolean): void => {
      sent.push([bytes.length, more]);
      transport.queued += bytes.length;
    },
  };
  const events = { sending: () => {}, sent: () => {}, left: () => {} };
  const sender = new Sender(source, transport as unknown as Transport, clock, events);
  sender.schedule();
  expect(sent).toEqual([
    [300_000, true],
    [300_001, false],
  ]);
});

test.each([
  [2, ['1', '2', '3']],
  [1, ['3']],
])('on %i CPUs what was written of many calls leaves before the others are', async (cpus, sent) => {
  vi.resetModules();
  const { Sender } = await import('./sender.ts');
  const { availableParallelism } = os;
  os.availableParallelism = () => cpus;
  try {
    let flush: (() => void) | undefined;
    let waiting: string | undefined;
    const take = (): Uint8Array | undefined => {
      const bytes = waiting === undefined ? undefined : Buffer.from(waiting);
      waiting = undefined;
      return bytes;
    };
    const source = { finished: false, phase: 'open', awaited: false, take, ask: () => {}, receive };
    const found: string[] = [];
    const transport = { queued: 0, hold: () => {}, send: (bytes: Uint8Array) => void found.push(String(bytes)) };
    const defer: Clock['defer'] = (action, of) => {
      flush = () => action(of);
    };
    const clock = { defer } as unknown as Clock;
    const events = { sending: () => {}, sent: () => {}, left: () => {} };
    const sender = new Sender(source, transport as unknown as Transport, clock, events);
    for (let i = 0; i < 40; i++) {
      sender.schedule();
      sender.writes();
      waiting = String(1 + (i >> 4));
    }
    expect(found).toEqual(sent.slice(0, -1));
    flush?.();
    expect(found).toEqual(sent);
    // What comes behind what is on its way already would only wait there.
    transport.queued = 1;
    for (let i = 0; i < 40; i++) sender.writes();
    waiting = 'more';
    sender.writes();
    expect(found).toEqual(sent);
  } finally {
    os.availableParallelism = availableParallelism;
  }
});

test.each([
  ['ours', true, ['1', '2'], 0],
  ['of another kind', undefined, [], 1],
])(
  'what is written while bytes are read leaves right after, or later where the transport is %s',
  (_, ours, sent, left) => {
    const written = ['1'];
    const found: string[] = [];
    const deferred: (() => void)[] = [];
    const take = (): Uint8Array | undefined => {
      const text = written.shift();
      return text === undefined ? undefined : Buffer.from(text);
    };
    const receive = (bytes: Buffer): void => {
      written.push(String(bytes));
      sender.schedule();
    };
    const source = { finished: false, phase: 'open', awaited: false, take, ask: () => {}, receive };
    const send = (bytes: Uint8Array): void => void found.push(String(bytes));
    const transport = { queued: 0, hold: () => {}, send, [OURS]: ours };
    const clock = { defer: (action, of) => void deferred.push(() => action(of)) } as Pick<Clock, 'defer'> as Clock;
    const events = { sending: () => {}, sent: () => {}, left: () => {} };
    const sender = new Sender(source, transport as unknown as Transport, clock, events);
    sender.receive(Buffer.from('2'));
    expect(found).toEqual([]);
    sender.received(false);
    expect(found).toEqual(sent);
    expect(deferred).toHaveLength(left);
    for (const flush of deferred) flush();
    expect(found).toEqual(['1', '2']);
  },
);

test('what was written when reading failed leaves all the same', () => {
  const deferred: (() => void)[] = [];
  const written = ['1'];
  const take = (): Uint8Array | undefined => (written.length > 0 ? Buffer.from(String(written.pop())) : undefined);
  const receive = (): void => {
    sender.schedule();
    throw new Error('broken');
  };
  const source = { finished: false, phase: 'open', awaited: false, take, ask: () => {}, receive };
  const found: string[] = [];
  const send = (bytes: Uint8Array): void => void found.push(String(bytes));
  const transport = { queued: 0, hold: () => {}, send, [OURS]: true };
  const clock = { defer: (action, of) => void deferred.push(() => action(of)) } as Pick<Clock, 'defer'> as Clock;
  const events = { sending: () => {}, sent: () => {}, left: () => {} };
  const sender = new Sender(source, transport as unknown as Transport, clock, events);
  expect(() => sender.receive(Buffer.from('2'))).toThrow('broken');
  for (const flush of deferred) flush();
  expect(found).toEqual(['1']);
});
