import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { exchange } from './contract.ts';
import { hex } from './hex.ts';

const { address } = readArguments('bytes');
// Calls each client that connects, and waits for its answer.
const server = await serve(address, [], {
  async onConnect(peer) {
    const sent = Uint8Array.of(1, 2, 3, 4);
    const received = await peer.client(exchange).swap(sent);
    console.log(`sent ${hex(sent)}, received ${hex(received)}`);
    await peer.close();
  },
});
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', () => server.close());
