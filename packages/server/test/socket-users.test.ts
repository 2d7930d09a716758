import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Child, canBeOthers, forked, forkedAs } from './forked.ts';
import { type Temporary, temporary } from './temporary.ts';

// As an ordinary user where root runs the tests: to root no file is closed.
const ORDINARY = canBeOthers ? 1000 : (process.getuid?.() ?? -1);
const OTHER = 65_534;
const GROUP = 33;
/** How often another user tries to come in, for each kind of server; a long form by hand: NEARCALL_ATTACKS=20000 */
const ATTACKS = Number(process.env['NEARCALL_ATTACKS'] ?? 334);
const LONG = { timeout: 30_000 + ATTACKS * 10 };

let place: Temporary;
let caller: Child;
/** One that is in no group but its own. */
let plain: Child;
let other: Child | undefined;
const children: Child[] = [];

beforeAll(async () => {
  place = await temporary();
  // Everybody may look into it, and only the ordinary user write to it.
  if (canBeOthers) chownSync(place.path, ORDINARY, ORDINARY);
  chmodSync(place.path, 0o755);
  caller = await ordinary('./users/caller-child');
  plain = await ordinary('./users/outer-child', ['main']);
  if (canBeOthers) other = await started(forkedAs(OTHER, './users/caller-child'));
});

afterAll(async () => {
  await Promise.all(children.map((child) => child.kill()));
  await place[Symbol.asyncDispose]();
});

async function started(starting: Promise<Child>): Promise<Child> {
  const child = await starting;
  children.push(child);
  return child;
}

function ordinary(file: string, args: string[] = [], groups: number[] = []): Promise<Child> {
  return started(canBeOthers ? forkedAs(ORDINARY, file, args, groups) : forked(file, ...args));
}

describe.each(['main', 'thread', 'cluster'])('a server in the %s of a process with umask 0', (kind) => {
  let server: Child;

  beforeAll(async () => {
    server = kind === 'main' ? plain : await ordinary('./users/outer-child', [kind], [GROUP]);
  });

  test('has a socket file that is its user’s alone, and leaves nothing', LONG, async () => {
    const address = place.unix(kind);
    await server.ask('serve', { address });
    const { mode, uid } = lstatSync(place.at(kind));
    expect([mode & 0o777, uid]).toEqual([0o600, ORDINARY]);
    for (const name of place.entries()) if (name !== kind) expect(lstatSync(place.at(name)).mode & 0o777).toBe(0o700);
    expect(await caller.ask('pid', address)).toBeGreaterThan(0);
    await server.ask('close');
    expect(place.entries()).toEqual([]);
  });

  test.runIf(canBeOthers && kind !== 'main')('has the mode and the group that it is given', LONG, async () => {
    const name = `${kind}-grouped`;
    await server.ask('serve', { address: place.unix(name), options: { mode: 0o660, group: GROUP } });
    const { mode, uid, gid } = lstatSync(place.at(name));
    expect([mode & 0o777, uid, gid]).toEqual([0o660, ORDINARY, GROUP]);
    expect(await caller.ask('pid', place.unix(name))).toBeGreaterThan(0);
    await expect(other?.ask('pid', place.unix(name))).rejects.toThrow('This user may not connect to');
    await server.ask('close');
    expect(place.entries()).toEqual([]);
  });

  test.runIf(canBeOthers)(
    'never lets another user in (as whom root can try), however often it starts and stops',
    LONG,
    async () => {
      await server.ask('cycle', { address: place.unix(kind) });
      const heard = (await other?.ask('attack', { path: place.at(kind), tries: ATTACKS })) as Record<string, number>;
      const rounds = await server.ask<number>('endCycle');
      if (process.env['NEARCALL_ATTACKS'] !== undefined) console.log(kind, heard, { rounds });
      expect(heard['path: EACCES']).toBe(ATTACKS);
      expect(Object.keys(heard).filter((outcome) => outcome.endsWith(': in'))).toEqual([]);
      // A busy machine starts it less often meanwhile.
      expect(rounds).toBeGreaterThan(1);
      expect(place.entries()).toEqual([]);
    },
  );
});

test('an ordinary user has a directory for sockets that is its own, whatever the umask', LONG, async () => {
  await using area = await temporary();
  chmodSync(area.path, 0o755);
  for (const umask of [0, 0o077, 0o777]) {
    const shared = area.at(`tmp${umask}`);
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    const directory = `${shared}/nearcall-${ORDINARY}`;
    for (let i = 0; i < 2; i++) {
      expect(await caller.ask('address', { temporary: shared, umask })).toBe(`unix:${directory}/text.sock`);
      expect(lstatSync(directory)).toMatchObject({ uid: ORDINARY, mode: 0o40700 });
    }
    if (other === undefined) continue;
    mkdirSync(`${shared}/nearcall-${OTHER}`);
    await expect(other.ask('address', { temporary: shared, umask })).rejects.toThrow(
      `${shared}/nearcall-${OTHER} belongs to user 0, and not to this one (${OTHER}). Sockets in it could be another's.`,
    );
  }
});

describe.runIf(canBeOthers)(
  'among users (who can be told apart where root runs the tests, and setpriv is there)',
  () => {
    test('such an attack comes in where a socket is bound in the open', LONG, async () => {
      const server = await ordinary('./users/outer-child', ['main']);
      await server.ask('cycleNaively', { path: place.at('open') });
      const heard = (await other?.ask('attack', { path: place.at('open'), tries: 1e6 })) as Record<string, number>;
      await server.ask('endCycle');
      expect(heard['path: in']).toBeGreaterThan(0);
    });

    test('a cluster worker that is not in the group is refused as well, and leaves nothing', LONG, async () => {
      const worker = await ordinary('./users/outer-child', ['cluster']);
      const options = { mode: 0o660, group: GROUP };
      await expect(worker.ask('serve', { address: place.unix('grouped'), options })).rejects.toThrow(
        `Cannot listen at ${place.at('grouped')}: this user is not in the group 33, and so cannot let it in.`,
      );
      expect(place.entries()).toEqual([]);
    });

    test('a mode and a group let in that group, and nobody else', LONG, async () => {
      const options = { mode: 0o660, group: 'www-data' };
      const server = await ordinary('./users/outer-child', ['main'], [GROUP]);
      const address = place.unix('grouped');
      await server.ask('serve', { address, options });
      const { mode, uid, gid } = lstatSync(place.at('grouped'));
      expect([mode & 0o777, uid, gid]).toEqual([0o660, ORDINARY, GROUP]);
      const member = await started(forkedAs(OTHER, './users/caller-child', [], [GROUP]));
      expect(await member.ask('pid', address)).toBe(server.process.pid);
      await expect(other?.ask('pid', address)).rejects.toThrow(
        `This user may not connect to ${address}: it may not write to it, or not enter a directory above it.`,
      );
      await server.ask('close');
      expect(place.entries()).toEqual([]);
      const outside = await ordinary('./users/outer-child', ['main']);
      await expect(outside.ask('serve', { address, options })).rejects.toThrow(
        `Cannot listen at ${place.at('grouped')}: this user is not in the group www-data, and so cannot let it in.`,
      );
      expect(place.entries()).toEqual([]);
    });

    test('a socket of another user that may not be looked at is left, and named as what it is', LONG, async () => {
      chmodSync(place.path, 0o777);
      const first = await ordinary('./users/outer-child', ['main']);
      await first.ask('serve', { address: place.unix('theirs') });
      const second = await started(forkedAs(OTHER, './users/outer-child', ['main']));
      await expect(second.ask('serve', { address: place.unix('theirs') })).rejects.toThrow(
        `Cannot listen at ${place.at('theirs')}: a socket of user ${ORDINARY} stands there`,
      );
      await plain.kill();
      // Nobody listens there any more, which only its own user and root could know.
      await expect(second.ask('serve', { address: place.unix('theirs') })).rejects.toThrow('this user may not look');
      expect(place.entries()).toEqual(['theirs']);
    });
  },
);
