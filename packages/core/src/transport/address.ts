import { resolve } from 'node:path';

/** The longest path that the kernel takes for a socket, in bytes. Older Nodes cut a longer one off in silence. */
export const MAX_SOCKET_PATH_BYTES: number = process.platform === 'linux' ? 107 : 103;

/** A socket file. */
export interface UnixAddress {
  readonly kind: 'unix';
  /** Absolute. */
  readonly path: string;
}

/** A port of a machine. */
export interface TcpAddress {
  readonly kind: 'tcp';
  /** A name, or an address of IPv4 or IPv6; the latter without its brackets. */
  readonly host: string;
  /** 0 lets the system choose one, where a server listens. */
  readonly port: number;
}

/** Where a server listens. */
export type Address = UnixAddress | TcpAddress;

/** How to read an address. */
export interface AddressOptions {
  /** Whether a `tcp:` address may lie outside this machine. Default: false. */
  readonly allowRemote?: boolean | undefined;
}

/**
 * Reads an address: `unix:/run/user/1000/text.sock`, `unix:text.sock` beside the working directory, or
 * `tcp://127.0.0.1:4000`. A `tcp:` address is one of this machine itself: `localhost`, `127.…` or `[::1]`.
 *
 * @throws TypeError for an address of another form, whose path no socket can have, or that lies outside this machine.
 * @example
 * ```ts
 * const address = parseAddress('tcp://[::1]:4000'); // { kind: 'tcp', host: '::1', port: 4000 }
 * ```
 */
export function parseAddress(address: string, options: AddressOptions = {}): Address {
  if (typeof address === 'string') {
    if (address.startsWith('unix:') && address !== 'unix:') return unixAddress(address);
    if (address.startsWith('tcp://')) return tcpAddress(address, options);
  }
  const how = 'write unix:/path/to.sock or tcp://127.0.0.1:4000';
  if (typeof address === 'string') throw new TypeError(`The address ${shown(address)} is none: ${how}.`);
  throw new TypeError(`${shown(address)} is no address: ${how}. Streams and ports become transports first.`);
}

/**
 * An address as it is written.
 *
 * @example
 * ```ts
 * const text = addressText({ kind: 'tcp', host: '::1', port: 4000 }); // tcp://[::1]:4000
 * ```
 */
export function addressText(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const { host, port } = address;
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function unixAddress(address: string): UnixAddress {
  const given = address.slice('unix:'.length);
  if (given.includes('\0')) throw new TypeError(`The address ${shown(address)} holds a NUL character.`);
  const path = resolve(given);
  const bytes = Buffer.byteLength(path, 'utf8');
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new TypeError(
      `The path ${path} is ${bytes} bytes long; a socket's can have ${MAX_SOCKET_PATH_BYTES}. Choose a shorter directory.`,
    );
  }
  return { kind: 'unix', path };
}

const HOST_AND_PORT = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+)):(\d{1,5})$/i;
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
/** This machine, as only its own processes reach it. */
const LOOPBACK = new RegExp(`^(?:localhost|::1|127(?:\\.${BYTE}){3})$`, 'i');

function tcpAddress(address: string, { allowRemote = false }: AddressOptions): TcpAddress {
  const match = HOST_AND_PORT.exec(address.slice('tcp://'.length));
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new TypeError(
      `The address ${shown(address)} is none: write tcp://host:port, such as tcp://127.0.0.1:4000 or tcp://[::1]:4000.`,
    );
  }
  if (!allowRemote && !LOOPBACK.test(host)) {
    throw new TypeError(
      `The address ${shown(address)} may lie outside this machine, and nothing that crosses a network is encrypted ` +
        'or asked who it is. Write 127.0.0.1, [::1] or localhost, or set the option allowRemote.',
    );
  }
  return { kind: 'tcp', host, port };
}

function shown(address: unknown): string {
  return typeof address === 'string' ? JSON.stringify(address) : Object.prototype.toString.call(address);
}
