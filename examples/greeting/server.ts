import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { greeting } from './contract.ts';

const { address } = readArguments('greeting');
// It serves nothing itself: it speaks first, to each client that connects, and hangs up.
const server = await serve(address, [], {
  async onConnect(peer) {
    await peer.client(greeting).greet('サーバからメッセージを送信');
    await peer.close();
    console.log('greeted a client');
  },
});
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', () => server.close());
