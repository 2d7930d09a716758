/** Ours with so many methods as the load says, and more connections than the default lets in: for how that grows. */
import { z } from 'zod';
import { implement, method, service } from '../../packages/core/dist/index.js';

const serverLimits = { connections: 10_000 };

export async function serve(path, _kind, { methods = 1 }) {
  const server = await import('../../packages/server/dist/index.js');
  const handlers = named(methods, () => (value) => value.toUpperCase());
  const serving = await server.serve(`unix:${path}`, implement(contractOf(methods), handlers), { serverLimits });
  return () => serving.close();
}

/** Its `call` calls each of the methods in turn. */
export async function connect(path, _kind, { methods = 1 }) {
  const { close, connect, ready } = await import('../../packages/client/dist/index.js');
  const client = connect(`unix:${path}`, contractOf(methods));
  await ready(client);
  const all = Object.values(named(methods, (name) => client[name]));
  let next = 0;
  return {
    call(text) {
      const call = all[next];
      next = next + 1 === methods ? 0 : next + 1;
      return call(text);
    },
    close: () => close(client),
  };
}

function contractOf(methods) {
  return service(
    'many',
    named(methods, () => method({ input: z.string(), output: z.string() })),
  );
}

function named(methods, make) {
  const names = Array.from({ length: methods }, (_, i) => `method${i}`);
  return Object.fromEntries(names.map((name) => [name, make(name)]));
}
