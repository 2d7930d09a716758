import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { HealthWatchers } from '../src/health-watchers.ts';
import type { Context } from './nearcall.ts';

function context(): Context & { readonly caller: AbortController; readonly connection: AbortController } {
  const caller = new AbortController();
  const connection = new AbortController();
  const { signal } = caller;
  return { caller, connection, signal, draining: connection.signal } as unknown as ReturnType<typeof context>;
}

test.each([
  ['the status is another one', (watchers: HealthWatchers) => watchers.wake('text')],
  ['its caller is gone', (_: HealthWatchers, { caller }: ReturnType<typeof context>) => caller.abort()],
  ['its connection closes', (_: HealthWatchers, { connection }: ReturnType<typeof context>) => connection.abort()],
])('who waits is woken when %s, and leaves nothing behind', async (_, happens) => {
  const watchers = new HealthWatchers();
  const one = context();
  const other = context();
  const woken = watchers.next('text', one);
  void watchers.next('files', other);
  expect(watchers.size).toBe(2);
  happens(watchers, one);
  await woken;
  expect(watchers.size).toBe(1);
  expect([getEventListeners(one.signal, 'abort'), getEventListeners(one.draining, 'abort')]).toEqual([[], []]);
});

test('nobody waits whose caller or connection is gone already', async () => {
  const watchers = new HealthWatchers();
  const [gone, closing] = [context(), context()];
  gone.caller.abort();
  closing.connection.abort();
  await Promise.all([watchers.next('text', gone), watchers.next('text', closing)]);
  expect(watchers.size).toBe(0);
});

test('who waits again while others are woken waits for the next time', async () => {
  const watchers = new HealthWatchers();
  const woken: string[] = [];
  const wait = (name: string): void => {
    void watchers.next('text', context()).then(() => {
      woken.push(name);
      wait(name);
    });
  };
  wait('one');
  wait('two');
  watchers.wake('text');
  await new Promise(setImmediate);
  expect([woken, watchers.size]).toEqual([['one', 'two'], 2]);
});
