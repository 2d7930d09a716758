import { describe, expect, test } from 'vitest';
import { runLife } from './child.ts';
import { text } from './contract.ts';
import { connect } from './nearcall.ts';
import { sharedServer } from './shared-server.ts';

const shared = sharedServer();

// A process takes a while to start, and on one processor all of these start together.
const TIMEOUT = 20_000;

// Each ends by itself, with the exit code 0, once there is nothing left to do: Node's own is 13 where something is still
// waited for, and a process that does not end is killed by a signal in the end.
describe.concurrent('a process ends by itself', { timeout: TIMEOUT }, () => {
  test.each([
    ['an idle client', 'IDLE\n'],
    ['a client that never called', 'ready\n'],
    ['a client that is not even waited for', 'dialled\n'],
    ['a client that waits to dial again', 'UNAVAILABLE\n'],
    ['a client whose server has gone', 'A\n'],
  ])('with %s that nobody closed', async (scenario, stdout) => {
    expect(await runLife(scenario, shared.place.unix())).toEqual({ code: 0, signal: null, stdout, stderr: '' });
  });

  test.each([
    ['a pending call', '7\n'],
    ['a call before the connection is there', '8\n'],
    ['closing an idle client', 'closed\n'],
    ['closing a client of a path where nothing is', 'UNAVAILABLE\nclosed\n'],
    ['disposing of a client', 'USING\ndisposed\n'],
    ['a call that waits for a server', 'DEADLINE_EXCEEDED\n'],
    ['a call that waits for a server to come back', 'A\n'],
    ['closing a server with an idle client', 'A\nclosed\n'],
    ['a server', 'serving\nclosed\n'],
  ])('after what it waits for: %s', async (scenario, stdout) => {
    const address = shared.place.unix(scenario.replaceAll(' ', '-'));
    const target = scenario.includes('server') ? address : shared.place.unix();
    expect(await runLife(scenario, target)).toEqual({ code: 0, signal: null, stdout, stderr: '' });
  });
});

test('a server that closes sends a long answer to its end before its process ends', { timeout: TIMEOUT }, async () => {
  const own = shared.place.unix('own');
  const running = runLife('closing a server that has a long answer to send', own);
  await expect.poll(() => shared.place.entries(), { interval: 5, timeout: 5000 }).toContain('own.own');
  await using client = connect(`${own}.own`, text);
  expect((await client.uppercase('a')).length).toBe(10_000_000);
  expect(await running).toMatchObject({ code: 0, stdout: expect.stringContaining('closed') });
});
