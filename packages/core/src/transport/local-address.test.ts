import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_SOCKET_PATH_BYTES, parseAddress } from './address.ts';
import { localAddress } from './local-address.ts';

const ME = process.geteuid?.() ?? -1;
const NOBODY = 65_534;
const { XDG_RUNTIME_DIR, TMPDIR } = process.env;

let place: string;

/** What the two variables say; a name is taken in the directory of the test. */
function variables({ runtime, temporary }: { runtime?: string; temporary?: string }): void {
  set('XDG_RUNTIME_DIR', runtime);
  set('TMPDIR', temporary);
}

function set(variable: string, value: string | undefined): void {
  if (value === undefined) delete process.env[variable];
  else process.env[variable] = value;
}

function directory(name: string, mode = 0o700): string {
  const path = join(place, name);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

const directoryOf = (name = 'text'): string => dirname(localAddress(name).slice('unix:'.length));
const modeOf = (path: string): number => lstatSync(path).mode & 0o7777;

beforeEach(() => {
  place = mkdtempSync(join(TMPDIR ?? tmpdir(), 'nearcall-'));
});

afterEach(() => {
  set('XDG_RUNTIME_DIR', XDG_RUNTIME_DIR);
  set('TMPDIR', TMPDIR);
  rmSync(place, { recursive: true, force: true });
});

describe('the directory', () => {
  test('is nearcall in XDG_RUNTIME_DIR, made for its user alone, and the same each time', () => {
    const runtime = directory('run');
    variables({ runtime });
    expect(localAddress('text')).toBe(`unix:${runtime}/nearcall/text.sock`);
    expect(modeOf(join(runtime, 'nearcall'))).toBe(0o700);
    expect(localAddress('text')).toBe(`unix:${runtime}/nearcall/text.sock`);
  });

  test('is the user’s own below the temporary directory where there is no XDG_RUNTIME_DIR', () => {
    const temporary = directory('tmp', 0o1777);
    variables({ temporary });
    expect(localAddress('text')).toBe(`unix:${temporary}/nearcall-${ME}/text.sock`);
    expect(modeOf(join(temporary, `nearcall-${ME}`))).toBe(0o700);
  });

  test('is made whole whatever the umask', () => {
    variables({ runtime: directory('run') });
    const umask = process.umask(0o777);
    try {
      expect(modeOf(directoryOf())).toBe(0o700);
    } finally {
      process.umask(umask);
    }
  });

  test.each(['', 'run'])('is not in an XDG_RUNTIME_DIR that is %j, and so not absolute', (runtime) => {
    const temporary = directory('tmp');
    variables({ runtime, temporary });
    expect(directoryOf()).toBe(join(temporary, `nearcall-${ME}`));
  });

  test.each([
    ['is missing', () => undefined],
    ['is a file', (path: string) => writeFileSync(path, '')],
    ['is a symbolic link', (path: string) => symlinkSync(directory('real'), path)],
    ['a group may write to', () => directory('run', 0o770)],
    ['everybody may write to', () => directory('run', 0o1777)],
  ])('is not in an XDG_RUNTIME_DIR that %s', (_, make) => {
    make(join(place, 'run'));
    const temporary = directory('tmp');
    variables({ runtime: join(place, 'run'), temporary });
    expect(directoryOf()).toBe(join(temporary, `nearcall-${ME}`));
  });

  test.each([
    ['a file', (path: string) => writeFileSync(path, ''), 'is not a directory, or is a symbolic link'],
    ['a symbolic link', (path: string) => symlinkSync(directory('real'), path), 'is not a directory, or is a symbolic'],
    ['a link to nowhere', (path: string) => symlinkSync('none', path), 'is not a directory, or is a symbolic link'],
    ['open to others', (path: string) => mkdirSync(path, { mode: 0o711 }), 'its mode is 711'],
  ])('is refused where what stands there is %s, which is left as it is', (_, make, says) => {
    for (const [variable, name] of [
      ['runtime', 'nearcall'],
      ['temporary', `nearcall-${ME}`],
    ] as const) {
      const above = directory(variable);
      const path = join(above, name);
      make(path);
      const before = lstatSync(path);
      variables({ [variable]: above });
      expect(() => localAddress('text')).toThrow(`${path} is`);
      expect(() => localAddress('text')).toThrow(says);
      expect(() => localAddress('text')).toThrow('Set XDG_RUNTIME_DIR');
      expect(lstatSync(path)).toMatchObject({ ino: before.ino, mode: before.mode });
      rmSync(join(place, 'real'), { recursive: true, force: true });
    }
  });

  test('is refused in a temporary directory that others may change, or that is missing', () => {
    variables({ temporary: directory('open', 0o777) });
    expect(() => localAddress('text')).toThrow('Other users may change what is in');
    variables({ temporary: join(place, 'none') });
    expect(() => localAddress('text')).toThrow('Cannot make a directory for sockets');
  });

  test.skipIf(ME !== 0)('is refused where another user has made it first (needs root, to be that user)', () => {
    const temporary = directory('tmp', 0o1777);
    const first = directory('tmp/nearcall-0');
    chownSync(first, NOBODY, NOBODY);
    variables({ temporary });
    expect(() => localAddress('text')).toThrow(
      `${first} belongs to user 65534, and not to this one (0). Sockets in it could be another's. Set XDG_RUNTIME_DIR`,
    );
    const runtime = directory('run');
    chownSync(runtime, NOBODY, NOBODY);
    variables({ runtime, temporary: directory('tmp2') });
    expect(directoryOf()).toBe(join(place, 'tmp2/nearcall-0'));
    chownSync(join(place, 'tmp2'), NOBODY, NOBODY);
    expect(() => localAddress('text')).toThrow('Other users may change what is in');
  });
});

describe('the name', () => {
  test.each([
    ['', '/', 'a/b', '.', '..', '../a', 'a\0b', '\ud800'],
    [undefined, null, 1, {}],
  ])('is refused where no file can have it', (...names) => {
    variables({ runtime: directory('run') });
    for (const name of names) expect(() => localAddress(name as string)).toThrow(TypeError);
  });

  test('may hold spaces, dots and letters of any language', () => {
    const runtime = directory('run');
    variables({ runtime });
    for (const name of ['mein Sockel', '...', '.a', 'ソケット', '%2f', 'a.sock']) {
      expect(parseAddress(localAddress(name))).toEqual({ kind: 'unix', path: `${runtime}/nearcall/${name}.sock` });
    }
  });

  test.each([['x'], ['é'], ['🚀']])('of any number of %s has a path that fits, and another one each', (letter) => {
    const runtime = directory('run');
    variables({ runtime });
    const seen = new Map<string, string>();
    for (let length = 10; length <= 75; length++) {
      for (const name of [letter.repeat(length), `${letter.repeat(length)}!`]) {
        const address = localAddress(name);
        expect(localAddress(name)).toBe(address);
        const path = address.slice('unix:'.length);
        expect(Buffer.byteLength(path)).toBeLessThanOrEqual(MAX_SOCKET_PATH_BYTES);
        expect(seen.get(path)).toBeUndefined();
        seen.set(path, name);
        expect(dirname(path)).toBe(`${runtime}/nearcall`);
        const whole = `${runtime}/nearcall/${name}.sock`;
        if (Buffer.byteLength(whole) <= MAX_SOCKET_PATH_BYTES) expect(path).toBe(whole);
        // A name that is written as a cut one is no cut one.
        else expect(path).toMatch(/[/-][0-9a-f]{32}\.socket$/);
      }
    }
  });

  test('of a directory that leaves no room for it is refused, and one that fits is not', () => {
    const runtime = directory('r'.repeat(MAX_SOCKET_PATH_BYTES - place.length - '//nearcall/a.sock'.length));
    variables({ runtime });
    expect(localAddress('a')).toHaveLength('unix:'.length + MAX_SOCKET_PATH_BYTES);
    expect(() => localAddress('ab')).toThrow('is too long for a socket of the name "ab"');
  });
});
