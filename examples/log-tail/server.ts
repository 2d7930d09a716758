import { implement, RpcError } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { logs } from './contract.ts';
import { tail } from './tail.ts';

const implementation = implement(logs, {
  // A stream is whatever can be iterated: most often what an async generator makes, one `yield` an item.
  async *lines({ path }, { signal, draining }) {
    console.log(`reads ${path}`);
    try {
      // Until the reader has left, or the server is asked to stop.
      yield* tail(path, AbortSignal.any([signal, draining]));
    } catch (error) {
      // The caller reads this. Of any other error it learns no more than that there was one.
      throw new RpcError('NOT_FOUND', `${path} cannot be read.`, { cause: error });
    } finally {
      // Also when the reader left, or is dead.
      console.log(`closed ${path}`);
    }
  },
});

const { address } = readArguments('log-tail');
const server = await serve(address, implementation);
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', () => server.close());
