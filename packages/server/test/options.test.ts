import { expect, test } from 'vitest';
import { text } from './contract.ts';
import { close, connect, serve } from './nearcall.ts';

const kinds = { handshake: 'a number of milliseconds', allowRemote: 'true or false', limits: 'an object' } as const;
const nearby = { unfinished: 'a number of milliseconds', onConnect: 'a function', onError: 'a function' } as const;
const SERVE = { ...kinds, ...nearby, serverLimits: 'an object' };
const CONNECT = { ...kinds, ...nearby, deadline: 'a number of milliseconds', waitForReady: 'true or false' };
const ALL = { serve: SERVE, connect: { ...CONNECT, reconnect: 'true or false', backoff: 'an object' } };

/** Uses an option as JavaScript can. Nothing is dialled and nowhere listened where it is refused. */
async function use(of: keyof typeof ALL, options: unknown): Promise<void> {
  if (of === 'serve') await (await serve([], [], options as never)).close();
  else await close(connect('unix:/nowhere/at/all.sock', text, options as never), { grace: 0 });
}

const cases = Object.entries(ALL).flatMap(([of, options]) =>
  Object.entries(options).map(([name, must]) => [of as keyof typeof ALL, name, must] as const),
);

test.each(cases)('%s refuses an option "%s" that is not %s', async (of, name, must) => {
  for (const value of ['no', null, ['x'], 5n, Symbol.iterator]) {
    const wrong = expect.stringMatching(`^The option "${name}" of ${of} is .*; it must be ${must}\\.$`);
    await expect(use(of, { [name]: value })).rejects.toMatchObject({ name: 'TypeError', message: wrong });
  }
  await use(of, { [name]: undefined });
});

test.each(cases.filter(([, , must]) => must.endsWith('milliseconds')))(
  '%s refuses a time "%s" that is none',
  async (of, name) => {
    for (const value of [0, -1, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const wrong = `The option "${name}" of ${of} is ${value}; it must be more than 0 milliseconds.`;
      await expect(use(of, { [name]: value })).rejects.toThrow(new RangeError(wrong));
    }
    for (const value of [1, 0.5, 2 ** 40, Number.POSITIVE_INFINITY]) await use(of, { [name]: value });
  },
);

test('options that do not exist are refused with those that do, and so is what is no object', async () => {
  for (const of of ['serve', 'connect'] as const) {
    for (const name of ['limit', 'constructor', 'toString']) {
      const wrong = expect.stringMatching(`^There is no option "${name}" of ${of}\\. Its options are: limits, `);
      await expect(use(of, { [name]: 1 })).rejects.toMatchObject({ name: 'TypeError', message: wrong });
    }
    for (const options of [5, 'text', null, []]) {
      await expect(use(of, options)).rejects.toThrow(`The options of ${of} are `);
    }
    await use(of, undefined);
  }
});
