import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { Lookout, lookout, threadLoop } from './lookout.ts';
import { duplexTransport } from './stream.ts';

afterEach(() => void vi.useRealTimers());

/** A loop whose time passes when a test says so, and whose turns take 2 µs. */
class TestLoop {
  cpus = 2;
  time = 1000;
  turns = 0;
  #next: (() => void) | undefined;

  alone(): boolean {
    return this.cpus === 1;
  }

  now(): number {
    return this.time;
  }

  turn(action: () => void): void {
    expect(this.#next).toBeUndefined();
    this.#next = action;
  }

  get awake(): boolean {
    return this.#next !== undefined;
  }

  /** Turns for so long, or until nothing is to be done. */
  run(milliseconds: number): void {
    const end = this.time + milliseconds;
    while (this.time < end && this.#next !== undefined) {
      const next = this.#next;
      this.#next = undefined;
      this.turns++;
      this.time += 0.002;
      next();
    }
    this.time = Math.max(this.time, end);
  }

  /** Something comes after so long, and is answered. */
  exchange(lookout: Lookout, milliseconds: number, who: unknown = this): void {
    this.run(milliseconds);
    lookout.came(who);
    lookout.sent(who);
  }
}

/** How many exchanges it takes until it looks. */
function needed(loop: TestLoop, lookout: Lookout, milliseconds = 0.09): number {
  for (let i = 1; i < 10_000; i++) {
    loop.exchange(lookout, milliseconds);
    if (loop.awake) return i;
  }
  return Number.POSITIVE_INFINITY;
}

test('it looks once several in a row have come soon, and no longer than its bound', () => {
  const loop = new TestLoop();
  const lookout = new Lookout(loop);
  expect(needed(loop, lookout)).toBe(9);
  const since = loop.time;
  while (loop.awake) loop.run(0.002);
  expect(loop.time - since).toBeGreaterThan(0.09);
  expect(loop.time - since).toBeLessThan(0.11);
  loop.run(1000);
  expect(loop.turns).toBeLessThan(60);
});

test('it goes on while it pays, in one chain of turns', () => {
  const loop = new TestLoop();
  const lookout = new Lookout(loop);
  needed(loop, lookout);
  for (let i = 0; i < 1000; i++) {
    loop.exchange(lookout, 0.015);
    expect(loop.awake).toBe(true);
  }
  // One that is late is forgiven then.
  loop.exchange(lookout, 0.15);
  loop.exchange(lookout, 0.015);
  expect(loop.awake).toBe(true);
});

test('each time that it did not pay it takes twice as long to begin again', () => {
  const loop = new TestLoop();
  const lookout = new Lookout(loop);
  let reads = needed(loop, lookout) - 1;
  expect(reads).toBe(8);
  for (const next of [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 6144]) {
    loop.run(0.15);
    // The first is late.
    reads += needed(loop, lookout);
    expect(reads).toBe(next);
  }
});

/** One of two processes that wait for each other. */
class End {
  readonly loop = new TestLoop();
  readonly lookout = new Lookout(this.loop);

  /** So often it looks in vain. */
  fail(times: number): void {
    for (let i = 0; i < times; i++) {
      needed(this.loop, this.lookout);
      this.loop.run(0.15);
    }
    this.lookout.gone(this.loop);
  }
}

test('two that have looked in vain begin together, where only that pays', () => {
  for (const [ours, theirs, most] of [
    [0, 0, 8],
    [3, 3, 64],
    [6, 2, 512],
    [9, 8, 2048],
  ] as const) {
    const ends = [new End(), new End()] as const;
    ends[0].fail(ours);
    ends[1].fail(theirs);
    const start = Math.max(...ends.map(({ loop }) => loop.time));
    for (const { loop } of ends) loop.time = start;
    let together = 0;
    let exchanges = 0;
    for (; exchanges < 10_000 && together < 100; exchanges++) {
      for (const { loop, lookout } of ends) {
        // One that sleeps has to be woken.
        const took = loop.awake ? 0.01 : 0.06;
        for (const end of ends) end.loop.run(took);
        lookout.came(ends);
        lookout.sent(ends);
      }
      together = ends.every(({ loop }) => loop.awake) ? together + 1 : 0;
    }
    expect(exchanges - together).toBeLessThanOrEqual(most + 1);
  }
});

test('it stops where all comes within its bound, and too late to save anything', () => {
  const loop = new TestLoop();
  const lookout = new Lookout(loop);
  needed(loop, lookout);
  expect(needed(loop, lookout, 0.09)).toBe(1);
  let lasted = 1;
  while (loop.awake) {
    loop.exchange(lookout, 0.09);
    lasted++;
  }
  expect(lasted).toBeLessThan(20);
});

test('it stops where this process or the other has to wait for its CPU', () => {
  const loop = new TestLoop();
  const lookout = new Lookout(loop);
  needed(loop, lookout);
  for (let i = 0; i < 30; i++) loop.exchange(lookout, 0.015);
  // Nothing turns meanwhile.
  loop.time += 3;
  lookout.came(loop);
  lookout.sent(loop);
  loop.run(0.002);
  expect(loop.awake).toBe(false);
});

test('nothing that comes now and then makes it begin', () => {
  const loop = new TestLoop();
  const lookout = new Lookout(loop);
  for (let i = 0; i < 1000; i++) loop.exchange(lookout, 1);
  // Nor bursts with pauses between them.
  for (let i = 0; i < 1000; i++) loop.exchange(lookout, i % 4 === 0 ? 10 : 0.05);
  expect(loop.turns).toBe(0);
});

test('nothing that comes at once in any case makes it begin', () => {
  const loop = new TestLoop();
  expect(needed(loop, new Lookout(loop), 0.02)).toBe(Number.POSITIVE_INFINITY);
});

test('nothing makes it begin where more is on its way at a time', () => {
  const loop = new TestLoop();
  const lookout = new Lookout(loop);
  for (let i = 0; i < 1000; i++) {
    loop.run(0.05);
    lookout.came(loop);
    if (i % 3 > 0) lookout.sent(loop);
    if (i % 3 > 1) lookout.sent(loop);
  }
  expect(loop.turns).toBe(0);
});

test('nothing of several connections in turn makes it begin', () => {
  const loop = new TestLoop();
  const lookout = new Lookout(loop);
  for (let i = 0; i < 1000; i++) loop.exchange(lookout, 0.05, i % 3);
  expect(loop.turns).toBe(0);
});

test('it never begins on one CPU', () => {
  const loop = new TestLoop();
  loop.cpus = 1;
  const lookout = new Lookout(loop);
  expect(needed(loop, lookout)).toBe(Number.POSITIVE_INFINITY);
  expect(loop.turns).toBe(0);
});

test('it holds nothing of a connection that is over', () => {
  const loop = new TestLoop();
  const lookout = new Lookout(loop);
  needed(loop, lookout);
  lookout.gone(loop);
  loop.run(0.002);
  expect(loop.awake).toBe(false);
  lookout.sent(loop);
  expect(loop.awake).toBe(false);
});

test('its time and its turns are not those of a test that puts others in their place', async () => {
  vi.useFakeTimers({ toFake: ['setImmediate', 'hrtime', 'setTimeout'] });
  const before = threadLoop.now();
  await new Promise<void>((resolve) => threadLoop.turn(resolve));
  expect(vi.getTimerCount()).toBe(0);
  expect(threadLoop.now()).toBeGreaterThan(before);
});

test('a pair that was busy uses no CPU time once it is idle', async () => {
  const echo = "const s = new (require('node:net').Socket)({ fd: 3 }); s.on('data', (bytes) => s.write(bytes));";
  const child = spawn(process.execPath, ['-e', echo], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const came = vi.spyOn(lookout, 'came');
  try {
    const transport = duplexTransport(child.stdio[3] as Duplex);
    let left = 2000;
    await new Promise<void>((resolve) => {
      const data = (bytes: Buffer): void => {
        if (--left > 0) transport.send(Buffer.from(bytes), false);
        else resolve();
      };
      transport.start({ data, drained() {}, ended() {}, closed() {} });
      transport.send(Buffer.from('hello'), false);
    });
    expect(came.mock.calls.length).toBeGreaterThan(1000);
    const before = process.cpuUsage();
    const started = performance.now();
    await wait(500);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000 / (performance.now() - started)).toBeLessThan(0.2);
    transport.destroy();
  } finally {
    came.mockRestore();
    child.kill();
    await gone;
  }
});
