import { answering } from '../answering.ts';
import { implement, type Server, serve } from '../nearcall.ts';
import { workers } from './contract.ts';

const servers: Server[] = [];

answering({
  /** Serves at an address, and tells where, or why not. */
  serve: async (address: string) => {
    const server = await serve(address, implement(workers, { who: () => process.pid }));
    servers.push(server);
    return server.address;
  },
  close: async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  },
});
// Other than a child that was forked, a worker loses what it is told before it listens.
process.send?.('up');
