import cluster from 'node:cluster';
import { fstatSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { addressText, parseAddress } from '@nearcall/core';
import { type Accept, Listener, netServer } from './listener.ts';
import { listening } from './socket-file/listening.ts';

/** A listening socket that this process was started with: whoever started it made it, and removes its file. */
export interface InheritedSocket {
  /** Its descriptor, 3 or more as a rule. In a worker of a `node:cluster` it is the primary's. */
  readonly fd: number;
}

/** Whether a target is an inherited socket. */
export function isInherited(target: unknown): target is InheritedSocket {
  return typeof target === 'object' && target !== null && 'fd' in target;
}

/**
 * Listens with a socket that this process was started with. In a worker of a `node:cluster` it is the primary that was.
 *
 * @throws TypeError for a descriptor that is no number.
 * @throws Error saying what the descriptor is instead, or that other machines may reach it.
 */
export async function listenInherited(
  { fd }: InheritedSocket,
  accept: Accept,
  options: { readonly allowRemote?: boolean | undefined },
): Promise<Listener> {
  if (!Number.isInteger(fd) || fd < 0)
    throw new TypeError(`The descriptor ${String(fd)} is no whole number from 0 on.`);
  // Descriptors of a worker are the primary's, which alone can look at them.
  if (!cluster.isWorker) checkSocket(fd);
  const net = await listenWith(fd, accept, !cluster.isWorker, options);
  return new Listener(await addressOf(net, fd), net, undefined, true);
}

/** A server of Node that listens with a socket of this process, or of its primary. */
export async function listenWith(
  fd: number,
  accept: Accept,
  exclusive: boolean,
  options: { readonly allowRemote?: boolean | undefined },
): Promise<Server> {
  const net = netServer(accept);
  const where = { fd, exclusive };
  await listening(net, where).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`Cannot listen with descriptor ${fd}: ${whyNot(error, fd)}`, { cause: error });
  });
  // Nobody has been taken yet: that needs another turn of the event loop.
  const address = tcpAddressOf(net);
  if (address !== undefined && !options.allowRemote && !isLocal(address)) {
    net.close();
    throw new Error(
      `Cannot listen with descriptor ${fd}: it is bound to ${address}, which other machines may reach, and nothing that ` +
        'crosses a network is encrypted or asked who it is. Bind it to 127.0.0.1 or [::1], or set the option allowRemote.',
    );
  }
  return net;
}

function checkSocket(fd: number): void {
  let isSocket: boolean;
  try {
    // In bigints, because of Node's loaders: see `look` in socket-file.ts.
    isSocket = fstatSync(fd, { bigint: true }).isSocket();
  } catch (error) {
    throw new Error(`Cannot listen with descriptor ${fd}: this process has none of that number.`, { cause: error });
  }
  if (!isSocket) throw new Error(`Cannot listen with descriptor ${fd}: it is not a socket.`);
}

function whyNot(error: NodeJS.ErrnoException, fd: number): string {
  switch (error.code) {
    case 'EEXIST':
      return 'this process uses it already.';
    case 'EINVAL':
      return (
        'it is not a listening socket. Is it a connection, as inetd passes it, or systemd with Accept=yes? ' +
        `Serve that as a transport: duplexTransport(new Socket({ fd: ${fd} })).`
      );
    default:
      return `${error.message}.`;
  }
}

function tcpAddressOf(net: Server): string | undefined {
  // For a socket file there is nothing, or in a worker a number.
  const bound = net.address() as Partial<AddressInfo> | string | null;
  if (typeof bound !== 'object' || bound?.address === undefined || bound.port === undefined) return undefined;
  return addressText({ kind: 'tcp', host: bound.address, port: bound.port });
}

function isLocal(address: string): boolean {
  try {
    parseAddress(address);
    return true;
  } catch {
    return false;
  }
}

/** Where a socket listens, as far as that can be known: Node tells it for TCP only, and Linux in a table. */
async function addressOf(net: Server, fd: number): Promise<string> {
  const tcp = tcpAddressOf(net);
  if (tcp !== undefined) return tcp;
  const name = cluster.isWorker ? undefined : await unixNameOf(fd);
  if (name === undefined) return `fd:${fd}`;
  // Names that are no files begin with a NUL, which the table shows so.
  return name.startsWith('@') ? `unix-abstract:${name.slice(1)}` : `unix:${name}`;
}

/** The name to which a socket was bound. A socket of another network namespace is in no table of ours. */
async function unixNameOf(fd: number): Promise<string | undefined> {
  const table = await readFile('/proc/self/net/unix', 'utf8').catch(() => '');
  const inode = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/self/fd/${fd}`).catch(() => ''))?.[1];
  if (inode === undefined) return undefined;
  // Its address in the kernel, references, protocol, flags, type, state, inode, name.
  return new RegExp(`^\\S+: (?:\\S+ +){5}${inode} (.+)$`, 'm').exec(table)?.[1];
}
