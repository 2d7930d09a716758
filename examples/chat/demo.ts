/** Three people in one room. Exits non-zero if anything is wrong. */
import { play, type Script } from '../demo.ts';

await play(import.meta.url, 'chat: streams both ways, many clients', async ({ start }, server) => {
  const enter = async (name: string, here: number): Promise<Script> => {
    const client = start('client', [name], name);
    await server.says(`somebody came: ${here} here`);
    return client;
  };
  const leave = async (client: Script, here: number): Promise<void> => {
    client.endInput();
    await server.says(`somebody left: ${here} here`);
    await client.ends();
  };

  const ann = await enter('Ann', 1);
  const bob = await enter('Bob', 2);
  ann.types('Hello, Bob.');
  await ann.says('Ann: Hello, Bob.');
  await bob.says('Ann: Hello, Bob.');

  const cleo = await enter('Cleo', 3);
  cleo.types('こんにちは');
  for (const one of [ann, bob, cleo]) await one.says('Cleo: こんにちは');
  await leave(ann, 2);
  bob.types('Ann has gone.');
  for (const one of [bob, cleo]) await one.says('Bob: Ann has gone.');
  await leave(bob, 1);
  await leave(cleo, 0);
});
