import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chain } from './deadlines/contract.ts';
import { type Child, forked } from './forked.ts';
import { close, connect } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

let place: Temporary;

beforeAll(async () => {
  place = await temporary();
});

afterAll(() => place[Symbol.asyncDispose]());

describe('a call through two servers', () => {
  let near: Child;
  let far: Child;
  let client: ReturnType<typeof dial>;

  const dial = () => connect(place.unix('near.sock'), chain);

  beforeAll(async () => {
    far = await forked('deadlines/server-child', place.unix('far.sock'));
    near = await forked('deadlines/server-child', place.unix('near.sock'), place.unix('far.sock'));
    client = dial();
  });

  beforeEach(async () => {
    for (const server of [near, far]) await server.ask('forget');
  });

  afterAll(async () => {
    await close(client, { grace: 0 });
    await near.kill();
    await far.kill();
  });

  /** What a machine that is busy may take from a deadline that nobody waited under. */
  const SLACK = 2000;

  function between(value: number | undefined, least: number, most: number): void {
    expect(value).toBeGreaterThan(least);
    expect(value).toBeLessThanOrEqual(most);
  }

  test('passes the deadline on that is left', async () => {
    const [atNear, atFar] = await client.deadlines({ wait: 100 }, { deadline: 9000 });
    between(atNear, 9000 - SLACK, 9000);
    // By the time that the first handler took, less; a timer may ring a millisecond early.
    between(atFar, 9000 - 99 - SLACK, (atNear as number) - 99);
  });

  test('passes on the shorter one, where the nested call states its own', async () => {
    const [, longer] = await client.deadlines({ wait: 50, own: 60_000 }, { deadline: 9000 });
    between(longer, 9000 - 49 - SLACK, 9000 - 49);
    const [, shorter] = await client.deadlines({ wait: 0, own: 4000 }, { deadline: 9000 });
    between(shorter, 4000 - SLACK, 4000);
  });

  test('passes nothing on to a call without a parent', async () => {
    const [, apart] = await client.deadlines({ wait: 0, apart: true }, { deadline: 9000 });
    between(apart, 30_000 - SLACK, 30_000);
  });

  /** Both handlers were told that nobody waits, and why. */
  async function told(code: string): Promise<void> {
    for (const server of [near, far])
      await expect.poll(() => server.ask('aborted'), { interval: 2, timeout: 5000 }).toEqual([code]);
  }

  test('reaches the innermost handler when the outermost call is cancelled', async () => {
    const giveUp = new AbortController();
    const call = client.hang(undefined, { signal: giveUp.signal });
    call.catch(() => {});
    await expect.poll(() => far.ask('begun'), { interval: 2, timeout: 5000 }).toBe(1);
    expect(await far.ask('aborted')).toEqual([]);
    giveUp.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await told('CANCELLED');
  });

  test('is over at the deadline, everywhere', async () => {
    const call = client.hang(undefined, { deadline: 200 });
    call.catch(() => {});
    await expect.poll(() => far.ask('begun'), { interval: 2, timeout: 5000 }).toBe(1);
    await expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect.poll(() => far.ask('aborted'), { interval: 2, timeout: 5000 }).toEqual(['DEADLINE_EXCEEDED']);
    // The first handler may hear it from the call that it has made, a moment before its own time is up.
    for (const server of [near, far])
      await expect.poll(() => server.ask('running'), { interval: 2, timeout: 5000 }).toBe(0);
  });

  test('lets go of a stream through both when its reader leaves', async () => {
    let read = 0;
    for await (const n of client.count()) {
      expect(n).toBe(read++);
      if (read === 10_000) break;
    }
    for (const server of [near, far])
      await expect.poll(() => server.ask('returned'), { interval: 2, timeout: 5000 }).toBe(1);
    await told('CANCELLED');
  });

  // The last one: it has one server less afterwards.
  test('ends at both ends when the server in the middle is killed', async () => {
    const call = client.hang();
    call.catch(() => {});
    await expect.poll(() => far.ask('begun'), { interval: 2, timeout: 5000 }).toBe(1);
    await near.kill('SIGKILL');
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
    await expect.poll(() => far.ask('aborted'), { interval: 2, timeout: 5000 }).toEqual(['CANCELLED']);
  });
});

test('a connection has one timer at each end, however many calls have a deadline', async () => {
  await using server = await forked('deadlines/server-child', place.unix());
  await using client = await forked('deadlines/client-child', place.unix());
  expect(await client.ask('timers')).toBe(0);
  expect(await server.ask('timers')).toBe(0);
  const [connections, calls] = [3, 1000];
  await client.ask('hang', { connections, calls });
  await expect.poll(() => server.ask('begun'), { interval: 5, timeout: 5000 }).toBe(connections * calls);
  expect(await client.ask('timers')).toBe(connections);
  expect(await server.ask('timers')).toBe(connections);
});
