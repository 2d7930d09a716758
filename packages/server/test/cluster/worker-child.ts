import { answering } from '../answering.ts';
import { implement, serve } from '../nearcall.ts';
import { workers } from './contract.ts';

answering({
  /** Serves at an address, and tells where, or why not. */
  serve: async (address: string) => {
    const server = await serve(address, implement(workers, { who: () => process.pid }));
    return server.address;
  },
});
// Other than a child that was forked, a worker loses what it is told before it listens.
process.send?.('up');
