import { lstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Credentials } from './credentials.ts';

/** Functions of the C library. They give 0, or -1 where they fail. */
interface Native {
  option(descriptor: number, level: number, name: number, value: Uint32Array, length: Uint32Array): number;
  ownName(descriptor: number, name: Uint8Array, length: Uint32Array): number;
  peerName(descriptor: number, name: Uint8Array, length: Uint32Array): number;
}

/** As much of koffi as is used here. */
interface Koffi {
  load(path: null): { func(definition: string): (...given: unknown[]) => number };
}

/** Asks the kernel about a connected socket. */
type Ask = (native: Native, descriptor: number) => Credentials | undefined;

/** The functions, or why there are none, once they have been asked for. */
let loaded: Native | Error | undefined;

/**
 * Sees to it that credentials can be told on this machine. It loads the optional package koffi, once, which takes some
 * 10 ms and the event loop with it: so does the first look at `credentials`.
 *
 * @throws Error saying what is missing: koffi, or the platform.
 */
export function requireCredentials(): void {
  const native = load();
  if (native instanceof Error) throw native;
}

/** Whom a socket of Node's is connected to; undefined where nobody can tell. Never throws. */
export function credentialsOf(socket: object): Credentials | undefined {
  const descriptor = descriptorOf(socket);
  if (descriptor === undefined) return undefined;
  const native = load();
  if (native instanceof Error || !isNamed(native, descriptor)) return undefined;
  return ASKS[process.platform]?.(native, descriptor);
}

/** The one place that knows where Node keeps it. It is documented nowhere; gone once the socket is closed. */
function descriptorOf(socket: object): number | undefined {
  const descriptor = (socket as { _handle?: { fd?: unknown } | null })._handle?.fd;
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined;
}

/** Where a value of an option, or a name, is written, with room for any. */
const value = new Uint32Array(32);
const name = new Uint8Array(value.buffer);
const length = new Uint32Array(1);

/**
 * Whether one of the two ends has a name, as it has where one of them listened. Where neither has, it is a pair that
 * was made whole, such as the pipe to a child process: who made it is all that the kernel knows then.
 */
function isNamed({ ownName, peerName }: Native, descriptor: number): boolean {
  return [ownName, peerName].some((ask) => {
    name.fill(0);
    length[0] = name.length;
    // The family comes first, of two bytes; macOS also fills up what has no name, with zeros.
    return ask(descriptor, name, length) === 0 && length[0] > 2 && (process.platform === 'linux' || name[2] !== 0);
  });
}

/** Reads an option of so many bytes into `value`. */
function read(native: Native, descriptor: number, level: number, option: number, bytes: number): boolean {
  length[0] = bytes;
  return native.option(descriptor, level, option, value, length) === 0 && length[0] === bytes;
}

const ASKS: { readonly [platform: string]: Ask } = { linux: askLinux, darwin: askMac };

/** Nobody's id: the kernel gives it for a socket that has no such peer, one of TCP say. */
const NO_ID = 0xffff_ffff;

function askLinux(native: Native, descriptor: number): Credentials | undefined {
  // SOL_SOCKET and SO_PEERCRED: a struct ucred of pid, uid and gid. Where they are other numbers yet, the call fails.
  if (!read(native, descriptor, 1, process.arch === 'ppc64' ? 21 : 17, 12)) return undefined;
  const [pid = 0, uid = NO_ID, gid = NO_ID] = value;
  return uid === NO_ID ? undefined : Object.freeze({ pid: pid === 0 ? undefined : pid, uid, gid });
}

/** Untested: written by the headers of macOS. */
function askMac(native: Native, descriptor: number): Credentials | undefined {
  // SOL_LOCAL and LOCAL_PEERCRED: a struct xucred of version, uid, number of groups, 16 groups; the first is its own.
  if (!read(native, descriptor, 0, 1, 76)) return undefined;
  const [version, uid = NO_ID, groups = 0, gid = NO_ID] = value;
  if (version !== 0 || uid === NO_ID || (groups & 0xffff) === 0) return undefined;
  // LOCAL_PEERPID.
  const pid = read(native, descriptor, 0, 2, 4) ? value[0] : 0;
  return Object.freeze({ pid: pid === 0 ? undefined : pid, uid, gid });
}

function load(): Native | Error {
  loaded ??= loadedNow();
  return loaded;
}

function loadedNow(): Native | Error {
  if (!Object.hasOwn(ASKS, process.platform)) {
    return new Error(`Who is at the other end of a socket cannot be told on ${process.platform}.`);
  }
  try {
    // Where the last file looked at was a socket, Node 20 and 22 do not follow links to a package, and koffi, which
    // package managers link, does not find its native half.
    lstatSync('/');
    const library = (createRequire(import.meta.url)('koffi') as Koffi).load(null);
    return {
      option: library.func('int getsockopt(int, int, int, _Out_ void *, _Inout_ void *)'),
      ownName: library.func('int getsockname(int, _Out_ void *, _Inout_ void *)'),
      peerName: library.func('int getpeername(int, _Out_ void *, _Inout_ void *)'),
    };
  } catch (cause) {
    return new Error(`Who is at the other end of a socket is asked through the package koffi: ${why(cause)}`, {
      cause,
    });
  }
}

function why(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const isMissing = code === 'MODULE_NOT_FOUND' && message.includes("'koffi'");
  return isMissing ? 'it is not installed here. Install it: npm install koffi' : `it cannot be loaded: ${message}`;
}
