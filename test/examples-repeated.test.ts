import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExampleScripts, linesOf } from './example-scripts.ts';

const TIMES = 10;
/** Each of these times is a process. */
const slowly = { timeout: 60_000 };
const scripts = new ExampleScripts();

beforeAll(() => scripts.compile('greeting', 'bytes'));
afterAll(() => scripts.remove());

/** What every client prints that is started alone, one after the other, and what the server says of each. */
async function repeat(name: string, out: string, said: string): Promise<void> {
  const address = scripts.address(name);
  const server = scripts.start(`${name}/server`, '--address', address);
  const log = linesOf(server);
  expect(await log()).toBe(`Listening at ${address} (Ctrl-C stops)`);
  for (let time = 1; time <= TIMES; time++) {
    expect({ time, ...(await scripts.run(`${name}/client`, '--address', address)) }).toEqual({
      time,
      code: 0,
      out,
      err: '',
    });
    expect(await log()).toBe(said);
  }
  server.kill('SIGINT');
  expect(await log()).toBeUndefined();
}

test.concurrent(
  'a greeting that the server sends first is whole at the client every time, 10 times in a row',
  slowly,
  async () => {
    await repeat('greeting', 'サーバからメッセージを送信\n', 'greeted a client');
  },
);

test.concurrent(
  'bytes that the server sends are whole and in order at the client every time, and so is the answer',
  slowly,
  async () => {
    await repeat('bytes', 'received 01 02 03 04\n', 'sent 01 02 03 04, received 05 06 07 08');
  },
);
