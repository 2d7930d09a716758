import { resolve } from 'node:path';

/** The longest path that the kernel takes for a socket, in bytes. Older Nodes cut a longer one off in silence. */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * The absolute path of a `unix:` address: `unix:/run/user/1000/text.sock`, or `unix:text.sock` beside the working
 * directory.
 *
 * @throws TypeError for an address of another form, or whose path no socket can have.
 */
export function socketPath(address: string): string {
  if (typeof address !== 'string' || !address.startsWith('unix:') || address === 'unix:') {
    throw new TypeError(`The address ${JSON.stringify(address)} is none: write unix:/path/to.sock.`);
  }
  const given = address.slice('unix:'.length);
  if (given.includes('\0')) throw new TypeError(`The address ${JSON.stringify(address)} holds a NUL character.`);
  const path = resolve(given);
  const bytes = Buffer.byteLength(path, 'utf8');
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new TypeError(
      `The path ${path} is ${bytes} bytes long; a socket's can have ${MAX_SOCKET_PATH_BYTES}. Choose a shorter directory.`,
    );
  }
  return path;
}
