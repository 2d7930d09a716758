import { answering } from '../answering.ts';
import { connect, ready } from '../nearcall.ts';
import { chain } from './contract.ts';
import { timers } from './timers.ts';

const [address = ''] = process.argv.slice(2);

answering({
  timers,
  /** Connects so many times, and leaves so many calls pending on each connection, each with a deadline of its own. */
  hang: async ({ connections, calls }: { connections: number; calls: number }) => {
    for (let i = 0; i < connections; i++) {
      const client = connect(address, chain);
      await ready(client);
      // Each is due before the one before it, so that the timer of the connection has to move each time.
      for (let j = 0; j < calls; j++) client.hang(undefined, { deadline: 60_000 - j }).catch(() => {});
    }
  },
});
