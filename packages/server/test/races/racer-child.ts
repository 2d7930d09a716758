import { lstatSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as NetServer } from 'node:net';
import { dirname, join } from 'node:path';
import { withLock } from '../../src/socket-file/socket-lock.ts';
import { answering } from '../answering.ts';
import { implement, type Server, serve } from '../nearcall.ts';
import { who } from '../users/contract.ts';

let server: Server | undefined;
let net: NetServer | undefined;
let wasRefused: () => void;
const refused = new Promise<void>((resolve) => {
  wasRefused = resolve;
});
const OURS = { mode: 0o600, group: undefined };

/** Waits without a pause, for two processes to begin in the same microsecond. */
function until(time: number): void {
  while (performance.timeOrigin + performance.now() < time);
}

function serveAt(address: string): Promise<Server> {
  return serve(address, implement(who, { pid: () => process.pid }));
}

const pathOf = (address: string): string => address.slice('unix:'.length);

answering({
  /** Serves at a moment. Tells the number of its file, or why it does not. */
  serve: async ({ address, at }: { address: string; at: number }) => {
    until(at);
    try {
      server = await serveAt(address);
      return lstatSync(pathOf(address)).ino;
    } catch (error) {
      return (error as Error).message;
    }
  },
  /** Serves as soon as whoever is there is gone. Tells how often it was told that somebody is. */
  succeed: async ({ address, at }: { address: string; at: number }) => {
    until(at);
    for (let refusals = 0; ; refusals++) {
      try {
        server = await serveAt(address);
        return refusals;
      } catch (error) {
        if (!(error as Error).message.includes('another server is listening there')) throw error;
        wasRefused();
      }
    }
  },
  /** Fulfils once it was told that somebody is. */
  refused: () => refused,
  /** Puts a socket in the place of whatever is there, as other programs do. */
  replace: async ({ address, at }: { address: string; at: number }) => {
    const directory = mkdtempSync(join(dirname(pathOf(address)), '.other-'));
    net = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => net?.listen({ path: join(directory, 's'), exclusive: true }, resolve));
    until(at);
    renameSync(join(directory, 's'), pathOf(address));
    rmSync(directory, { recursive: true });
    return lstatSync(pathOf(address), { throwIfNoEntry: false })?.ino;
  },
  close: async ({ at }: { at: number }) => {
    until(at);
    await server?.close();
    net?.close();
  },
  /** Takes and frees the lock of a path so many times. Tells how often it was not alone with it. */
  lockOften: async ({ path, times }: { path: string; times: number }) => {
    let beside = 0;
    for (let time = 0; time < times; time++) {
      await withLock(path, OURS, async () => {
        const mine = `${process.pid} ${time}`;
        writeFileSync(`${path}.holder`, mine);
        await new Promise(setImmediate);
        if (readFileSync(`${path}.holder`, 'utf8') !== mine) beside++;
      });
    }
    return beside;
  },
  /** Takes the lock of a path, and keeps it for ever. Fulfils when it has it. */
  lock: ({ path }: { path: string }) =>
    new Promise<void>((held) => {
      void withLock(path, OURS, () => {
        held();
        return new Promise(() => {});
      });
    }),
});
