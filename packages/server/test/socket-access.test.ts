import { lstatSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { implement, method, type ServeOptions, serve, service } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

const echo = implement(service('echo', { echo: method({ input: z.string(), output: z.string() }) }), {
  echo: (s) => s,
});
const OWN_GROUP = process.getgid?.() ?? -1;

let place: Temporary;

beforeEach(async () => {
  place = await temporary();
});

afterEach(() => place[Symbol.asyncDispose]());

test.each([
  ['0660', { mode: 0o660 }],
  ['0660 and a group', { mode: 0o660, group: OWN_GROUP }],
  ['0666', { mode: 0o666 }],
  ['0600', { mode: 0o600 }],
])(
  'a socket file has the mode %s from the first moment that it can be seen, whatever the umask',
  async (_, options) => {
    const umask = process.umask(0o077);
    const modes = new Set<number>();
    let looking = true;
    const look = (): void => {
      for (const name of readdirSync(place.path)) {
        const stats = name.startsWith('s') ? lstatSync(place.at(name), { throwIfNoEntry: false }) : undefined;
        if (stats !== undefined) modes.add(stats.mode & 0o777);
      }
      if (looking) setImmediate(look);
    };
    look();
    try {
      for (const mask of [0o077, 0o777, 0]) {
        process.umask(mask);
        const server = await serve(place.unix(), echo, options);
        expect(lstatSync(place.at('s.sock')).gid).toBe(OWN_GROUP);
        await server.close();
      }
    } finally {
      looking = false;
      process.umask(umask);
    }
    expect([...modes]).toEqual([options.mode]);
  },
);

test.each<[string, object, string]>([
  ['RangeError', { mode: 0o770 }, 'The mode 0770 is none of a socket file: write 0o600'],
  ['RangeError', { mode: 0o060 }, 'The mode 060 is none'],
  ['RangeError', { mode: 0 }, 'The mode 00 is none'],
  ['RangeError', { mode: 0o1660 }, 'The mode 01660 is none'],
  // Forgotten: 0o.
  ['RangeError', { mode: 660 }, 'The mode 01224 (660 without 0o) is none'],
  ['RangeError', { mode: -1 }, 'The mode -1 is none'],
  ['RangeError', { mode: 0.5 }, 'The mode 0.5 is none'],
  ['RangeError', { mode: Number.NaN }, 'The mode NaN is none'],
  ['TypeError', { mode: '660' }, 'a number such as 0o660, and not "660"'],
  ['TypeError', { mode: null }, 'a number such as 0o660, and not null'],
  ['RangeError', { group: 0 }, 'The mode 0600 lets no group in, and a group is given: write mode: 0o660.'],
  ['RangeError', { mode: 0o640, group: 0 }, 'The mode 0640 lets no group in'],
  ['RangeError', { mode: 0o660, group: -1 }, '-1 is the number of no group'],
  ['RangeError', { mode: 0o660, group: 2 ** 32 }, 'is the number of no group'],
  ['TypeError', { mode: 0o660, group: {} }, 'A group is a name or a number, and not object'],
  ['Error', { mode: 0o660, group: 'no such group' }, 'There is no group "no such group" in /etc/group.'],
  ['Error', { mode: 0o660, group: '' }, 'There is no group ""'],
])('there is a %s for %j, before anything is made', async (name, options, says) => {
  const refused: unknown = await serve(place.unix(), echo, options as ServeOptions).catch((error: unknown) => error);
  expect(refused).toMatchObject({ name, message: expect.stringContaining(says) });
  expect(place.entries()).toEqual([]);
});

test('a mode or a group that no address has a use for is refused, for it would keep nobody out', async () => {
  const targets = ['tcp://127.0.0.1:0'];
  await expect(serve(targets, echo, { mode: 0o600 })).rejects.toThrow(TypeError);
  await expect(serve([], echo, { mode: 0o660, group: OWN_GROUP })).rejects.toThrow('and no unix: address');
  await using server = await serve([...targets, place.unix()], echo, { mode: 0o660 });
  expect(server.addresses).toHaveLength(2);
});
