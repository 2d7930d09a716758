import type { BigIntStats } from 'node:fs';
import { link, lstat, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { refusalAt } from './listening.ts';
import { throughShort } from './private-directory.ts';

/** The files of a lock: sockets that stand beside each other under one name and a number, from 1. */
export interface Generations {
  /** Gives our own socket a number. False where a file has it. */
  make(number: number): Promise<boolean>;
  /** Which file has a number: the same text for the same file, and another one for any other. */
  file(number: number): Promise<string | undefined>;
  /** Whether a file has a number, and its process is gone. */
  isStale(number: number): Promise<boolean>;
  /** Puts the file of a number in the place of the first. */
  move(number: number): Promise<void>;
  remove(number: number): Promise<void>;
  /** The numbers that files have, in no order. */
  all(): Promise<number[]>;
  /** A short while. */
  pause(): Promise<void>;
  /** A number in words, for an error. */
  inWords(number: number): Promise<string>;
}

/** Those on disk. `own` is the path of our socket, and `start` that of the files without their numbers. */
export function generationsAt(start: string, own: string): Generations {
  const at = (number: number): string => `${start}${number}`;
  return {
    async make(number) {
      try {
        await link(own, at(number));
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw error;
      }
    },
    async file(number) {
      const file = await found(at(number));
      // An inode's number may come to be another file's, but not with the time of the first.
      return file && `${file.dev} ${file.ino} ${file.ctimeNs}`;
    },
    async isStale(number) {
      const file = await found(at(number));
      if (file === undefined) return false;
      if (!file.isSocket()) throw new Error(`${at(number)} stands in the way, and is not a socket.`);
      return (await throughShort(at(number), refusalAt)) === 'ECONNREFUSED';
    },
    move: (number) => rename(at(number), at(1)),
    remove: (number) => unlink(at(number)),
    async all() {
      const names = await readdir(dirname(start));
      const numbers = names.flatMap((name) => {
        const end = name.startsWith(basename(start)) ? name.slice(basename(start).length) : '';
        return /^[1-9]\d*$/.test(end) ? [Number(end)] : [];
      });
      return numbers;
    },
    pause: () => setTimeout(2 + 6 * Math.random()),
    async inWords(number) {
      const file = await found(at(number));
      return file === undefined ? at(number) : `${at(number)}, which is user ${file.uid}'s`;
    },
  };
}

function found(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(() => undefined);
}
