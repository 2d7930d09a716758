import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startClient, startServer } from './child.ts';
import { text } from './contract.ts';
import { connect, implement, RpcError, ready, serve } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

let place: Temporary;

beforeEach(async () => {
  place = await temporary();
});

afterEach(() => place[Symbol.asyncDispose]());

/** A server whose calls of `hang` never answer on their own, and what became of them. */
async function hangingServer() {
  const signals: AbortSignal[] = [];
  const watched: { readonly count: number; readonly tell: () => void }[] = [];
  const server = await serve(
    place.unix(),
    implement(text, {
      uppercase: (value) => value.toUpperCase(),
      later: ({ value }) => value,
      hang: (_, { signal }) => {
        signals.push(signal);
        for (const { count, tell } of watched) if (signals.length >= count) tell();
        return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
      last: (value) => value,
    }),
  );
  return {
    server,
    signals,
    begun: (count: number) =>
      new Promise<void>((tell) => {
        if (signals.length >= count) tell();
        else watched.push({ count, tell });
      }),
    [Symbol.asyncDispose]: () => server.close({ grace: 0 }),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

describe('when the process of a client is killed', () => {
  test('the signals of its handlers abort, its connection goes, and others are served on', async () => {
    await using hanging = await hangingServer();
    const { server, signals } = hanging;
    await using doomed = await startClient(place.unix());
    await using other = connect(place.unix(), text);
    await ready(other);
    const calls = 50;
    await doomed.ask('hang', calls);
    await hanging.begun(calls);
    const kept = other.hang();
    await hanging.begun(calls + 1);
    expect(server.connections).toBe(2);
    expect(signals.filter((signal) => signal.aborted)).toEqual([]);

    await doomed.kill('SIGKILL');
    await Promise.all(signals.slice(0, calls).map(aborted));
    expect(signals[0]?.reason).toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => server.connections, { interval: 5 }).toBe(1);
    expect(signals[calls]?.aborted).toBe(false);
    expect(await other.uppercase('hello')).toBe('HELLO');

    // The call of the other client is cut off by the end of this test.
    kept.catch(() => {});
    await server.close({ grace: 0 });
    await expect(kept).rejects.toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
    expect(server.connections).toBe(0);
  });

  test('a server closes at once when nobody is left', async () => {
    await using hanging = await hangingServer();
    await using doomed = await startClient(place.unix());
    await doomed.ask('hang', 3);
    await hanging.begun(3);
    await doomed.kill('SIGKILL');
    const from = performance.now();
    await hanging.server.close({ grace: 60_000 });
    expect(performance.now() - from).toBeLessThan(1000);
    expect(hanging.signals.every((signal) => signal.aborted)).toBe(true);
  });
});

describe('when the process of a client stops without ending', () => {
  test('the signal of a handler aborts at the deadline, by the clock of the server', async () => {
    let begin: (signal: AbortSignal) => void = () => {};
    const begun = new Promise<AbortSignal>((resolve) => {
      begin = resolve;
    });
    await using server = await serve(
      place.unix(),
      implement(text, {
        uppercase: (value) => value,
        later: ({ value }) => value,
        hang: (_, { signal }) => {
          begin(signal);
          return aborted(signal);
        },
        last: (value) => value,
      }),
    );
    await using stopped = await startClient(place.unix());
    await stopped.ask('hangFor', 300);
    const signal = await begun;
    stopped.process.kill('SIGSTOP');
    await aborted(signal);
    expect(signal.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await stopped.kill('SIGKILL');
    await expect.poll(() => server.connections, { interval: 5 }).toBe(0);
  });
});

describe('when the process of a server is killed', () => {
  test('calls that were sent fail as unknown, later ones as not sent, and the client lives on', async () => {
    await using doomed = await startServer(place.unix());
    const client = connect(place.unix(), text);
    expect(await client.uppercase('before')).toBe('BEFORE');
    const calls = Array.from({ length: 10 }, () => client.hang());
    const outcomes = Promise.allSettled(calls);
    await doomed.ask('hanging', calls.length);
    await doomed.kill('SIGKILL');
    for (const outcome of await outcomes) {
      const { reason } = outcome as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(RpcError);
      expect(reason).toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown', method: 'text.hang' });
      expect(reason.message).toMatch(/the handler may have run/);
    }
    await expect(client.uppercase('after')).rejects.toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    await expect(client.uppercase('and after that')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      execution: 'not-sent',
      message: expect.stringMatching(/./),
    });

    // The same process, the same path, a new server: nothing of the old one is in the way.
    await using _next = await startServer(place.unix());
    await using again = connect(place.unix(), text);
    expect(await again.uppercase('again')).toBe('AGAIN');
  });

  test('a request that was not sent whole is not called unknown', async () => {
    await using doomed = await startServer(place.unix());
    const client = connect(place.unix(), text, { reconnect: false });
    await ready(client);
    // A stopped process reads nothing, so that the most of a long request stays here.
    doomed.process.kill('SIGSTOP');
    const outcome = client.uppercase('x'.repeat(10_000_000)).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    await doomed.kill('SIGKILL');
    const error = await outcome;
    expect(error).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    expect((error as Error).message).toContain('nothing ran');
  });
});
