import { chmodSync, closeSync, constants, fstatSync, mkdirSync, openSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { MAX_SOCKET_PATH_BYTES } from './address.ts';

/**
 * The address of a socket file by its name alone: `unix:/run/user/1000/nearcall/text.sock`, say. It lies in a directory
 * that nobody but this user can write to, so that nobody else can listen there; the directory is made if it is missing,
 * and looked at each time. It is `nearcall` in `XDG_RUNTIME_DIR`, or `nearcall-<uid>` in the directory for temporary files
 * (`TMPDIR`, or `/tmp`) where that variable is not set, or names no directory that is this user's alone.
 *
 * Both ends get the same address if they run as the same user and agree in these two variables. A service that the system
 * starts often lacks them: give it a path, or set them for it.
 *
 * A name too long for a socket's path is cut, and told from others by a hash.
 *
 * @param name - Any text without `/` and NUL, such as `text`; not `.` or `..`.
 * @throws TypeError for a name that no file can have.
 * @throws Error where there is no such directory, saying what is wrong with it and what to do.
 * @example
 * ```ts
 * const server = await serve(localAddress('text'), implement(text, { uppercase: (s) => s.toUpperCase() }));
 * const client = connect(localAddress('text'), text); // in another process of the same user
 * console.log(await client.uppercase('hello world')); // HELLO WORLD
 * await close(client);
 * ```
 */
export function localAddress(name: string): string {
  checkName(name);
  return `unix:${fitting(localDirectory(), name)}`;
}

function checkName(name: string): void {
  if (typeof name !== 'string') throw new TypeError(`The name of a socket is a text, and not ${typeof name}.`);
  const isWellFormed = Buffer.from(name).toString() === name;
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || !isWellFormed) {
    const why = 'no file can be called so. Leave out slashes and NULs; for a path write unix:/path/to.sock';
    throw new TypeError(`${JSON.stringify(name)} is no name for a socket: ${why}.`);
  }
}

/** The path of a name, cut where it would be too long. No name that is not cut ends as one that is. */
function fitting(directory: string, name: string): string {
  const whole = join(directory, `${name}.sock`);
  if (Buffer.byteLength(whole) <= MAX_SOCKET_PATH_BYTES) return whole;
  // Loaded when it is needed: an import would cost each client 2 ms of its start.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const end = `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.socket`;
  const room = MAX_SOCKET_PATH_BYTES - Buffer.byteLength(join(directory, end));
  if (room < 0) {
    throw new Error(
      `The directory ${directory} is too long for a socket of the name ${JSON.stringify(name)}. Set XDG_RUNTIME_DIR to a ` +
        'shorter one, or write a path.',
    );
  }
  let start = '';
  // By whole characters, and with a dash behind them.
  for (const character of name) {
    if (Buffer.byteLength(start + character) + 1 > room) break;
    start += character;
  }
  return join(directory, start === '' ? end : `${start}-${end}`);
}

function localDirectory(): string {
  const user = process.geteuid?.();
  if (user === undefined) throw new Error('This system has no users to tell apart: write a path, or tcp://127.0.0.1.');
  const runtime = process.env['XDG_RUNTIME_DIR'];
  if (
    runtime !== undefined &&
    isAbsolute(runtime) &&
    looked(runtime, (stats) => wrongWith(stats, user, 0o022)) === ''
  ) {
    return made(join(runtime, 'nearcall'), user);
  }
  // Loaded when it is needed: most who are served go by a path of their own.
  const temporary = resolve(process.getBuiltinModule('node:os').tmpdir());
  const { mode, uid } = statSync(temporary, { throwIfNoEntry: false }) ?? { mode: 0, uid: user };
  // Whoever may write to it could move ours away, unless it is sticky, as /tmp is; its owner could in any case.
  if (((mode & 0o022) !== 0 && (mode & 0o1000) === 0) || (uid !== 0 && uid !== user)) {
    throw new Error(`Other users may change what is in ${temporary}. ${INSTEAD}`);
  }
  return made(join(temporary, `nearcall-${user}`), user);
}

const INSTEAD = 'Set XDG_RUNTIME_DIR to a directory of your own, or write a path.';

/** A directory, made if it is missing, that this user alone can enter. */
function made(path: string, user: number): string {
  try {
    mkdirSync(path, { mode: 0o700 });
    // What the umask has taken away: without it not even its user could open it. Nobody else can have moved it here.
    chmodSync(path, 0o700);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST')
      throw new Error(`Cannot make a directory for sockets: ${message}. ${INSTEAD}`, { cause: error });
  }
  const wrong = looked(path, (stats) => wrongWith(stats, user, 0o077));
  // Whoever made it first could listen in it: in a directory that all can write to, a name proves nothing.
  if (wrong !== '') throw new Error(`${path} ${wrong}. Sockets in it could be another's. ${INSTEAD}`);
  return path;
}

/** Opens a directory, and looks at what was opened: a name can come to mean something else meanwhile. */
function looked(path: string, look: (stats: Stats) => string): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP' || code === 'ENOTDIR') return 'is not a directory, or is a symbolic link';
    return `cannot be opened (${message})`;
  }
  try {
    return look(fstatSync(fd));
  } finally {
    closeSync(fd);
  }
}

/** What makes an opened directory unfit, in words. */
function wrongWith({ uid, mode }: Stats, user: number, others: number): string {
  if (uid !== user) return `belongs to user ${uid}, and not to this one (${user})`;
  const permissions = (mode & 0o777).toString(8);
  if ((mode & others) !== 0) return `is open to others (its mode is ${permissions}; for its user alone: chmod 700)`;
  return '';
}
