import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { close, connect, state, watch } from '../nearcall.ts';
import { work } from './contract.ts';
import { type Pool, pools } from './pools.ts';

/** Enough for ties and chance to even out. */
const MANY = 400;
const AT_ONCE = 16;
/** The calls that a worker takes at once. */
const CALLS = 4;

const PATIENCE = { interval: 5, timeout: 20_000 };

describe.each(Object.entries(pools))('a service in four workers, %s', { timeout: 60_000 }, (_, start) => {
  let pool: Pool;
  let client: ReturnType<typeof connected>;

  function connected() {
    return connect(pool.targets, work, { backoff: { first: 20, initial: 50, max: 200 } });
  }

  beforeAll(async () => {
    pool = await start();
    client = connected();
    await allReady();
  });

  afterAll(async () => {
    for (const { tell } of pool.workers) tell('release');
    await close(client, { grace: 1000 });
    await pool[Symbol.asyncDispose]();
  });

  /** All connections stand. */
  async function allReady(): Promise<void> {
    const all = (): boolean => state(client).connections.every(({ connectivity }) => connectivity === 'READY');
    if (all()) return;
    await new Promise<void>((resolve) => {
      const stop = watch(client, () => {
        if (!all()) return;
        stop();
        resolve();
      });
    });
  }

  /** How many calls each worker has served. */
  function counted(names: readonly string[]): Record<string, number> {
    const counts: Record<string, number> = Object.fromEntries(pool.workers.map(({ name }) => [name, 0]));
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  }

  /** The names of those that served so many calls, one after the other. */
  async function inTurn(calls: number): Promise<string[]> {
    const names: string[] = [];
    for (let i = 0; i < calls; i++) names.push(await client.who());
    return names;
  }

  /** The slot of the connection that has an open call. */
  function busy(): number {
    return state(client).connections.findIndex(({ pending }) => pending > 0);
  }

  test('shares calls evenly, however many are made at once', async () => {
    const names: string[] = [];
    let size = 1;
    // Each round is over before the next: who is faster by chance does not count.
    for (let left = MANY; left > 0; left -= size, size = (size % AT_ONCE) + 1) {
      names.push(...(await Promise.all(Array.from({ length: Math.min(size, left) }, () => client.who()))));
    }
    const fair = MANY / pool.workers.length;
    for (const count of Object.values(counted(names))) expect(Math.abs(count - fair)).toBeLessThanOrEqual(fair / 10);
  });

  test('gives a worker that is slow no call as long as others have fewer', async () => {
    const held = client.hold();
    const slow = pool.workers[busy()] as Pool['workers'][number];
    const counts = counted(await inTurn(30));
    expect(counts[slow.name]).toBe(0);
    expect(Object.values(counts).sort((a, b) => a - b)).toEqual([0, 10, 10, 10]);
    slow.tell('release');
    expect(await held).toBe(slow.name);
  });

  test('loses with a worker only what it was doing and may not do twice', async () => {
    const killed = pool.workers[2] as Pool['workers'][number];
    const slots = pool.workers.length;
    // Each worker gets two of either kind, and is full.
    const outcome = (call: Promise<string>): Promise<string> =>
      call.catch((error) => `${error.code} ${error.execution}`);
    const holding = Array.from({ length: slots * CALLS }, (_, i) =>
      outcome(Math.floor(i / slots) % 2 === 0 ? client.hold() : client.holdAgain()),
    );
    await expect.poll(() => state(client).connections.map(({ pending }) => pending), PATIENCE).toEqual([4, 4, 4, 4]);
    const waiting = Array.from({ length: 8 }, () => outcome(client.who()));
    killed.kill();
    await killed.gone;
    const letGo = setInterval(() => {
      for (const { tell, name } of pool.workers) if (name !== killed.name) tell('release');
    }, 20);
    const [held, waited] = await Promise.all([Promise.all(holding), Promise.all(waiting)]);
    clearInterval(letGo);
    expect(held.filter((each) => each === 'UNAVAILABLE unknown').length).toBe(CALLS / 2);
    expect(held.filter((each) => /^\d\.\d+$/.test(each)).length).toBe(slots * CALLS - CALLS / 2);
    for (const name of waited) expect(name).toMatch(/^\d\.\d+$/);
    expect([...held, ...waited]).not.toContain(killed.name);
    await pool.revive(2);
    await allReady();
  });

  test('lets a worker that is closed finish what it has, and gives it nothing new', async () => {
    const held = client.hold();
    const slot = busy();
    const closing = pool.workers[slot] as Pool['workers'][number];
    closing.tell('drain');
    expect(await inTurn(30)).not.toContain(closing.name);
    // What began there first is still going on.
    closing.tell('release');
    expect(await held).toBe(closing.name);
    await closing.gone;
    await pool.revive(slot);
    await allReady();
  });

  test('calls workers again that are back', async () => {
    const anew = pool.workers.filter(({ name }) => Number(name.split('.')[1]) >= pool.workers.length);
    // Those that the tests before have ended.
    expect(anew.length).toBeGreaterThan(0);
    expect(Object.values(counted(await inTurn(12)))).toEqual([3, 3, 3, 3]);
  });
});
