import { z } from 'zod';
// By path and not by name: the bench is installed apart from the workspace, and
// a copy of the packages would measure the last install, not the last build.
import { close, connect as connectClient, ready } from '../../packages/client/dist/index.js';
import { implement, method, service } from '../../packages/core/dist/index.js';
import { serve as serveService } from '../../packages/server/dist/index.js';

const text = service('text', {
  uppercase: method({ input: z.string(), output: z.string() }),
});

export async function serve(path) {
  const implementation = implement(text, { uppercase: (value) => value.toUpperCase() });
  const server = await serveService(`unix:${path}`, implementation);
  return () => server.close();
}

export async function connect(path) {
  const client = connectClient(`unix:${path}`, text);
  await ready(client);
  return {
    call: (value) => client.uppercase(value),
    close: () => close(client),
  };
}
