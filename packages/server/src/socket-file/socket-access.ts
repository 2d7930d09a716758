import { chmod, chown, readFile, stat } from 'node:fs/promises';
import type { Address } from '@nearcall/core';

/** Who may connect to a socket file. */
export interface SocketAccess {
  readonly mode: number;
  /** The group that the file belongs to, as its user calls it. `undefined` leaves it to the system. */
  readonly group: { readonly name: string | number; readonly number: number } | undefined;
}

/** What a user says of it. */
export interface SocketAccessOptions {
  readonly mode?: number | undefined;
  readonly group?: string | number | undefined;
}

/**
 * Reads who may connect.
 *
 * @throws TypeError for what is no mode or group, and where no socket file is listened at.
 * @throws RangeError for a mode that no socket file can have, or that lets no group in where one is given.
 * @throws Error for a group that is not known.
 */
export async function socketAccess(options: SocketAccessOptions, addresses: readonly Address[]): Promise<SocketAccess> {
  const { mode = 0o600, group } = options;
  checkMode(mode);
  if (group !== undefined && (mode & 0o020) === 0) {
    throw new RangeError(`The mode ${octal(mode)} lets no group in, and a group is given: write mode: 0o660.`);
  }
  const named = group === undefined ? undefined : { name: group, number: await numberOf(group) };
  const isGiven = options.mode !== undefined || group !== undefined;
  if (isGiven && !addresses.some(({ kind }) => kind === 'unix')) {
    throw new TypeError('A mode or a group is given, and no unix: address: it would keep nobody out.');
  }
  return { mode, group: named };
}

/**
 * Lets those connect who may, and nobody else at any moment.
 *
 * @throws Error where the group is none of this user's.
 */
export async function allow(path: string, { mode, group }: SocketAccess): Promise<void> {
  const now = await stat(path);
  if ((now.mode & 0o777) === mode && (group === undefined || now.gid === group.number)) return;
  await chmod(path, 0o600);
  if (group !== undefined && now.gid !== group.number) {
    await chown(path, -1, group.number).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPERM') throw error;
      throw new Error(`this user is not in the group ${group.name}, and so cannot let it in.`, { cause: error });
    });
  }
  await chmod(path, mode);
}

function checkMode(mode: number): void {
  if (typeof mode !== 'number') {
    throw new TypeError(`The mode of a socket file is a number such as 0o660, and not ${shown(mode)}.`);
  }
  if (isMode(mode)) return;
  const isMeant = isMode(Number.parseInt(`${mode}`, 8));
  throw new RangeError(
    `The mode ${octal(mode)}${isMeant ? ` (${mode} without 0o)` : ''} is none of a socket file: write 0o600 for its user ` +
      'alone, 0o660 for a group as well, or 0o666 for everybody.',
  );
}

function isMode(mode: number): boolean {
  return Number.isInteger(mode) && (mode & ~0o666) === 0 && (mode & 0o600) === 0o600;
}

async function numberOf(group: string | number): Promise<number> {
  if (typeof group === 'number') {
    if (Number.isInteger(group) && group >= 0 && group < 0xffff_ffff) return group;
    throw new RangeError(`${group} is the number of no group.`);
  }
  if (typeof group !== 'string') throw new TypeError(`A group is a name or a number, and not ${shown(group)}.`);
  const known = await readFile('/etc/group', 'utf8').catch(() => '');
  for (const line of known.split('\n')) {
    const [name, , number] = line.split(':');
    if (name === group && /^\d+$/.test(number ?? '')) return Number(number);
  }
  throw new Error(
    `There is no group ${JSON.stringify(group)} in /etc/group. One that is kept elsewhere goes by number.`,
  );
}

/** A mode as it is written: 0660. What is none stays as it is. */
function octal(mode: number): string {
  return Number.isInteger(mode) && mode >= 0 ? `0${mode.toString(8)}` : `${mode}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' || value === null ? JSON.stringify(value) : typeof value;
}
