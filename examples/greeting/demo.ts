/** A server that speaks first. Exits non-zero if anything is wrong. */
import { play } from '../demo.ts';

await play(import.meta.url, 'greeting: the server speaks first', async ({ start }, server) => {
  for (let time = 0; time < 2; time++) {
    const client = start('client');
    await client.says('サーバからメッセージを送信');
    await client.ends();
    await server.says('greeted a client');
  }
});
