import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type DescriptorSource, Descriptors } from '../src/descriptors.ts';
import { type Server, serve, type Transport } from './nearcall.ts';

/** Descriptors that a test opens and closes, and time that it lets pass. */
class World implements DescriptorSource {
  count = 0;
  limit: number | undefined = 100;
  /** How often they were counted, and how long that takes. */
  counts = 0;
  cost = 0;
  time = 0;
  failure: string | undefined;
  readonly warnings: string[] = [];
  readonly descriptors = new Descriptors(
    this,
    () => this.time,
    (message) => this.warnings.push(message),
  );

  most(): number | undefined {
    return this.limit;
  }

  open(): number {
    this.counts++;
    this.time += this.cost;
    if (this.failure !== undefined) throw Object.assign(new Error(this.failure), { code: this.failure });
    return this.count;
  }

  accept(): string | undefined {
    this.count++;
    return this.descriptors.take();
  }

  close(): void {
    this.count--;
    this.descriptors.give();
  }
}

describe('the file descriptors of a process', () => {
  test('are warned of at nine tenths, and again only after they were below eight', () => {
    const world = new World();
    world.count = 88;
    world.accept();
    expect(world.warnings).toEqual([]);
    world.accept();
    world.accept();
    const words = /^This process has 90 file descriptors open, of at most 100\. .* only 5 are left\./;
    expect(world.warnings).toEqual([expect.stringMatching(words)]);
    while (world.count > 81) world.close();
    while (world.count < 92) world.accept();
    expect(world.warnings).toHaveLength(1);
    while (world.count > 78) world.close();
    world.accept();
    while (world.count < 90) world.accept();
    expect(world.warnings).toHaveLength(2);
  });

  test.each([
    [64, 4],
    [100, 5],
    [1024, 52],
    [1_000_000, 64],
  ])('of %i are given to clients but for %i, and the next is told why', (most, kept) => {
    const world = new World();
    world.limit = most;
    world.count = most - kept - 1;
    expect(world.accept()).toBeUndefined();
    expect(world.descriptors.scarce).toBe(false);
    const open = most - kept + 1;
    expect(world.accept()).toBe(
      `the server is busy: its process has ${open} file descriptors open, of at most ${most} (ulimit -n)`,
    );
    while (world.count <= most - kept / 2) world.accept();
    expect(world.descriptors.scarce).toBe(true);
    while (world.count >= most - kept) world.close();
    expect(world.accept()).toBeUndefined();
  });

  test('are noticed where others than clients take them, or give them back', () => {
    const world = new World();
    expect(world.accept()).toBeUndefined();
    world.count = 99;
    world.time += 1000;
    expect(world.accept()).toContain('busy');
    world.count = 20;
    world.time += 1;
    expect(world.accept()).toBeUndefined();
  });

  test('are all in use where there is not one to count them with', () => {
    const world = new World();
    world.accept();
    world.failure = 'EMFILE';
    world.time += 1000;
    expect(world.accept()).toContain('100 file descriptors open, of at most 100');
  });

  test('are not counted at each client: rarely while there are many, and never for long', () => {
    const world = new World();
    world.limit = 20_000;
    for (let i = 0; i < 10_000; i++) world.accept();
    expect(world.counts).toBeLessThan(10);
    world.cost = 10;
    world.count = 17_990;
    world.time += 10_000;
    world.accept();
    const before = world.counts;
    for (let i = 0; i < 1000; i++) {
      world.time += 1;
      world.accept();
      world.close();
    }
    // A twentieth of the time.
    expect(world.counts - before).toBeLessThan(1000 / 20 / 10 + 2);
  });

  test('that nobody can count are never too few', () => {
    for (const [limit, failure] of [
      [undefined, undefined],
      [100, 'ENOENT'],
    ] as const) {
      const world = new World();
      world.limit = limit;
      world.failure = failure;
      for (let i = 0; i < 200; i++) expect(world.accept()).toBeUndefined();
      expect([world.descriptors.scarce, world.warnings]).toEqual([false, []]);
    }
  });
});

/** The server's end of a connection whose other end neither reads nor ends. */
class Silent implements Transport {
  sent = '';
  gone = false;
  readonly queued = 0;
  #closed: () => void = () => {};

  start({ closed }: { closed(): void }): void {
    this.#closed = closed;
  }

  send(bytes: Uint8Array): void {
    this.sent += Buffer.from(bytes).toString('latin1');
  }

  end(): void {}

  hold(): void {}

  destroy(): void {
    this.gone = true;
    queueMicrotask(this.#closed);
  }
}

describe('clients that are turned away and do not go', () => {
  let server: Server;
  let first: Silent;

  beforeEach(async () => {
    server = await serve([], [], { serverLimits: { connections: 1 } });
    first = new Silent();
    server.accept(first);
  });

  afterEach(async () => {
    vi.useRealTimers();
    first.destroy();
    await server.close({ grace: 0 });
  });

  test('are told why, and let go after a second; of many at a time at once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const all = Array.from({ length: 100 }, () => new Silent());
    for (const transport of all) server.accept(transport);
    await new Promise((resolve) => setImmediate(resolve));
    const line = 'nearcall/1 no: the server is busy: it has 1 connections (limit "connections")\n';
    expect(new Set(all.map(({ sent }) => sent))).toEqual(new Set([line]));
    expect(all.filter(({ gone }) => !gone)).toHaveLength(64);
    vi.advanceTimersByTime(999);
    expect(all.filter(({ gone }) => !gone)).toHaveLength(64);
    vi.advanceTimersByTime(1);
    expect(all.filter(({ gone }) => !gone)).toEqual([]);
    // Their places are free for others that are to be told.
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    const next = new Silent();
    server.accept(next);
    await new Promise((resolve) => setImmediate(resolve));
    expect([next.sent, next.gone, server.connections]).toEqual([line, false, 1]);
    next.destroy();
  });
});
