import { connect, type NetConnectOpts, type Socket } from 'node:net';
import {
  type Address,
  addressText,
  duplexTransport,
  hear,
  isTransport,
  parseAddress,
  type Transport,
} from '@nearcall/core';
import type { Target } from './subchannel.ts';

/**
 * Whom to connect to: the address of a server; a transport to one, which serves for one connection; or a function that
 * makes a transport for each connection.
 */
export type ConnectTarget = string | Transport | (() => Transport | Promise<Transport>);

/** How to dial. */
export interface DialOptions {
  /** Whether a `tcp:` address may lie outside this machine. Default: false. */
  readonly allowRemote?: boolean | undefined;
}

/**
 * What a client needs to know of whom it connects to.
 *
 * @throws TypeError for an address that is none.
 */
export function targetOf(given: ConnectTarget, options: DialOptions): Target {
  if (typeof given === 'function') return { address: 'a transport', dial: given, once: false };
  if (isTransport(given)) return { address: 'a transport', dial: () => given, once: true };
  const address = parseAddress(given, options);
  if (address.kind === 'tcp' && address.port === 0) {
    throw new TypeError(`${given} has no port: 0 is for servers, whose system chooses one. Give what it chose.`);
  }
  // Half-open: answers that are on their way still come when the server has ended its side.
  const where: NetConnectOpts =
    address.kind === 'unix'
      ? { path: address.path, allowHalfOpen: true }
      : { host: address.host, port: address.port, allowHalfOpen: true, noDelay: true };
  const dial = (): Transport => duplexTransport(dialled(where), (error) => explained(error, address));
  return { address: addressText(address), dial, once: false };
}

/**
 * What the sockets of this thread read into, one after the other: whoever gets the bytes keeps none of them. It spares
 * the collector 64 KiB a read: a client that reads bulk takes some 0.9 ms of CPU a MiB, where it took 0.75 to 2.4.
 */
const READ = Buffer.allocUnsafeSlow(256 * 1024);

function dialled(where: NetConnectOpts): Socket {
  return connect({ ...where, onread: { buffer: READ, callback: came } });
}

/** Node calls it as a method of the socket. */
function came(this: Socket, length: number, buffer: Uint8Array): boolean {
  hear(this, buffer as Buffer, length);
  return true;
}

const UNIX_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Is the server running?',
  ECONNREFUSED: 'what stands there is no socket, or its server is gone.',
};

/** What a failed connection means to the one who dialled. */
function explained(error: NodeJS.ErrnoException, address: Address): Error {
  return new Error(whyNot(error, addressText(address), address.kind), { cause: error });
}

function whyNot({ code = '', message }: NodeJS.ErrnoException, at: string, kind: Address['kind']): string {
  if (kind === 'unix' && Object.hasOwn(UNIX_REASONS, code)) return `Nothing listens at ${at}: ${UNIX_REASONS[code]}`;
  switch (code) {
    case 'ECONNREFUSED':
      return `Nothing listens at ${at}. Is the server running?`;
    case 'EACCES':
      return `This user may not connect to ${at}${kind === 'unix' ? ': it may not write to it, or not enter a directory above it' : ''}.`;
    case 'EAGAIN':
      return `The server at ${at} has more new connections than it can take at once. Try again.`;
    case 'EMFILE':
    case 'ENFILE':
      return `There is no file descriptor left to connect to ${at} with. Close what is not needed, or allow more (ulimit -n).`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `The server at ${at} cut off the connection. It may have been stopped, or have no file descriptor left.`;
    case 'ETIMEDOUT':
      return `Nobody answers at ${at}. Is the machine running, and does a firewall let this one through?`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `No way leads to ${at} from this machine.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name in ${at} is not known.`;
    case 'EADDRNOTAVAIL':
      return `This machine has no free port left to connect to ${at} from, or not that address.`;
    default:
      // Where a name has several addresses and none answers, Node's error has no text of its own.
      return `The connection to ${at} failed: ${message === '' ? code : message}.`;
  }
}
