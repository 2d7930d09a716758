import { setTimeout as sleep } from 'node:timers/promises';
import { text } from './contract.ts';
import { close, connect, implement, RpcError, ready, type Server, serve } from './nearcall.ts';

const [scenario = '', address = ''] = process.argv.slice(2);

/** Long enough for a connection to be idle, and for everything to be let go that calls have held. */
const A_WHILE = 50;

/** The handler is given the server that it belongs to. A client may call before this process has it itself. */
function serveHere(uppercase: (value: string, own: Promise<Server>) => string | Promise<string>): Promise<Server> {
  const started: Promise<Server> = serve(
    `${address}.own`,
    implement(text, {
      uppercase: (value) => uppercase(value, started),
      later: ({ value }) => value,
      hang: () => new Promise<void>(() => {}),
      last: (value) => value,
    }),
  );
  return started;
}

/** What processes do whose life is looked at. Each prints how far it has come, and none ends itself by force. */
const scenarios: { readonly [name: string]: () => Promise<void> } = {
  async 'an idle client'() {
    const client = connect(address, text);
    console.log(await client.uppercase('idle'));
  },
  async 'a client that never called'() {
    await ready(connect(address, text));
    console.log('ready');
  },
  async 'a client that is not even waited for'() {
    connect(address, text);
    console.log('dialled');
  },
  async 'a pending call'() {
    const client = connect(address, text);
    await ready(client);
    await sleep(A_WHILE);
    console.log(await client.later({ value: 7, delay: 500 }));
  },
  async 'a call before the connection is there'() {
    console.log(await connect(address, text).later({ value: 8, delay: 300 }));
  },
  async 'closing an idle client'() {
    const client = connect(address, text);
    await client.uppercase('a');
    await sleep(A_WHILE);
    await close(client);
    console.log('closed');
  },
  async 'closing a client of a path where nothing is'() {
    const client = connect(`${address}.missing`, text);
    console.log(await client.uppercase('a').catch((error: unknown) => RpcError.from(error).code));
    await sleep(A_WHILE);
    await close(client);
    console.log('closed');
  },
  async 'a client that waits to dial again'() {
    const client = connect(`${address}.missing`, text);
    console.log(await client.uppercase('a').catch((error: unknown) => RpcError.from(error).code));
  },
  async 'a client whose server has gone'() {
    const server = await serveHere((value) => value.toUpperCase());
    console.log(await connect(server.address, text).uppercase('a'));
    await server.close();
  },
  async 'a call that waits for a server'() {
    const client = connect(`${address}.missing`, text, { waitForReady: true });
    const call = client.uppercase('a', { deadline: 500 });
    console.log(await call.catch((error: unknown) => RpcError.from(error).code));
  },
  async 'a call that waits for a server to come back'() {
    const client = connect(`${address}.own`, text, { waitForReady: true });
    const call = client.uppercase('a');
    // Nothing else keeps this process until then.
    setTimeout(() => void serveHere((value) => value.toUpperCase()), 300).unref();
    console.log(await call);
    process.exit();
  },
  async 'disposing of a client'() {
    {
      await using client = connect(address, text);
      console.log(await client.uppercase('using'));
      await sleep(A_WHILE);
    }
    console.log('disposed');
  },
  async 'closing a server with an idle client'() {
    const server = await serveHere((value) => value.toUpperCase());
    const client = connect(server.address, text);
    console.log(await client.uppercase('a'));
    await sleep(A_WHILE);
    await server.close();
    console.log('closed');
  },
  async 'closing a server that has a long answer to send'() {
    const server = await serveHere(async (value, own) => {
      const server = await own;
      // What this process does from here on is to answer, and nothing else keeps it running.
      void server.close().then(() => console.log('closed'));
      return value.toUpperCase().repeat(10_000_000);
    });
    console.log(server.address);
  },
  async 'a server'() {
    const server = await serveHere((value) => value.toUpperCase());
    // Only a server that keeps its process running is there to be closed.
    setTimeout(() => void server.close().then(() => console.log('closed')), 300).unref();
    console.log('serving');
  },
};

await scenarios[scenario]?.();
