import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import { implement, type ServeOptions, type Server, serve } from '../nearcall.ts';
import { who } from './contract.ts';

let server: Server | undefined;
let isCycling = false;
let cycling: Promise<number> | undefined;

interface Order {
  readonly address: string;
  readonly options?: ServeOptions;
}

const implementation = implement(who, { pid: () => process.pid });

/** What a process of some user can be asked to do, in whichever thread it does it. */
export const orders = {
  serve: async ({ address, options = {} }: Order) => {
    server = await serve(address, implementation, options);
  },
  close: async () => {
    await server?.close();
  },
  /** Starts and stops servers until it is told to end. */
  cycle: ({ address, options = {} }: Order) => {
    isCycling = true;
    cycling = (async () => {
      let rounds = 0;
      for (; isCycling; rounds++) await (await serve(address, implementation, options)).close();
      return rounds;
    })();
  },
  /** The same, as it is often done: with a socket that is there before it is closed to others. */
  cycleNaively: ({ path }: { path: string }) => {
    isCycling = true;
    cycling = (async () => {
      let rounds = 0;
      for (; isCycling; rounds++) {
        const net = createServer((socket) => socket.destroy());
        await new Promise<void>((resolve) => net.listen(path, resolve));
        await chmod(path, 0o600);
        await new Promise((resolve) => net.close(resolve));
      }
      return rounds;
    })();
  },
  /** Fulfils with how many rounds there were. */
  endCycle: () => {
    isCycling = false;
    return cycling;
  },
};
