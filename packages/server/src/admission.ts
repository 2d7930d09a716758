import { type Address, addressText, type Credentials, requireCredentials, type Transport } from '@nearcall/core';

/**
 * Whom a server admits: each process whose effective user id or group id is in one of the lists, and nobody else, root
 * among them. The kernel tells only the group that a process goes by, not the further ones of its user: where those are
 * to decide, give the socket file a group and a mode instead. Nobody is admitted by process id, because such are given
 * again to others.
 */
export interface Admission {
  /** User ids. Default: none. */
  readonly uids?: readonly number[] | undefined;
  /** Group ids. Default: none. */
  readonly gids?: readonly number[] | undefined;
}

/** Says why a connection is turned away, where it is. */
export type Guard = (transport: Transport) => string | undefined;

/** The greatest id: the one above it stands for none. */
const MAX_ID = 0xffff_fffe;

/**
 * What admits these and no others to a server of these targets. It loads at once what it needs.
 *
 * @throws TypeError where it cannot be known who comes: by TCP, or over a transport that does not tell.
 * @throws TypeError for a list that is none, or has another name.
 * @throws RangeError for an id that is no whole number, or too great a one, and where nobody would be admitted.
 * @throws Error where this machine cannot tell, or has no koffi.
 */
export function guardOf(admission: Admission, addresses: readonly Address[], transports: readonly Transport[]): Guard {
  const { uids, gids } = checked(admission);
  requireCredentials();
  for (const address of addresses) {
    if (address.kind !== 'unix') {
      throw new TypeError(
        `Who connects to ${addressText(address)} cannot be known, so nobody can be admitted. ${APART}`,
      );
    }
  }
  if (transports.some(({ credentials }) => credentials === undefined)) {
    throw new TypeError(`Who is at the other end of a transport given cannot be known: it is not admitted. ${APART}`);
  }
  return ({ credentials }) => {
    if (credentials === undefined) return 'this server admits by user and group, and who you are cannot be known';
    const { uid, gid } = credentials;
    return uids.has(uid) || gids.has(gid) ? undefined : `uid ${uid} with gid ${gid} is not admitted here`;
  };
}

/**
 * @throws TypeError where nobody can tell who connects to an address.
 */
export function checkTellable(address: string): void {
  if (!address.startsWith('tcp:')) return;
  throw new TypeError(`Who connects to ${address} cannot be known, so nobody can be admitted. ${APART}`);
}

const APART = 'Serve it by a server of its own, without the option admit.';

function checked(admission: Admission): Record<'uids' | 'gids', ReadonlySet<Credentials['uid']>> {
  if (typeof admission !== 'object' || admission === null)
    throw new TypeError('The option admit is no object of lists.');
  for (const name of Object.keys(admission)) {
    if (name === 'uids' || name === 'gids') continue;
    throw new TypeError(`Nobody is admitted by "${name}": the option admit has the lists "uids" and "gids".`);
  }
  const uids = idsOf('uids', admission.uids);
  const gids = idsOf('gids', admission.gids);
  if (uids.size + gids.size === 0) throw new RangeError('The option admit admits nobody: its lists are empty.');
  return { uids, gids };
}

function idsOf(name: string, ids: readonly number[] = []): ReadonlySet<number> {
  if (!Array.isArray(ids)) throw new TypeError(`The "${name}" of the option admit are no list.`);
  for (const id of ids) {
    if (Number.isInteger(id) && id >= 0 && id <= MAX_ID) continue;
    const shown = typeof id === 'string' ? JSON.stringify(id) : String(id);
    throw new RangeError(
      `The option admit has ${shown} among its "${name}"; each is a whole number from 0 to ${MAX_ID}.`,
    );
  }
  return new Set(ids);
}
