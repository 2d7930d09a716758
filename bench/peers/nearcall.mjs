import { z } from 'zod';
// By path and not by name: the bench is installed apart from the workspace, and
// a copy of the packages would measure the last install, not the last build.
import { close, connect as connectClient, ready } from '../../packages/client/dist/index.js';
import { implement, method, service, stream } from '../../packages/core/dist/index.js';
import { serve as serveService } from '../../packages/server/dist/index.js';
import { blob } from '../blobs.mjs';
import { changed, rows, rowsAtOnce } from '../rows.mjs';

export const can = ['calls', 'stream', 'both-ways', 'bulk', 'calls-during-bulk'];

const Row = z.object({ id: z.number(), name: z.string() });

const bench = service('bench', {
  uppercase: method({ input: z.string(), output: z.string() }),
  rows: method({ input: z.object({ count: z.number() }), output: stream(Row) }),
  rowsAtOnce: method({ input: z.object({ count: z.number() }), output: stream(Row) }),
  change: method({ input: stream(Row), output: stream(Row) }),
  blob: method({ input: z.number(), output: z.instanceof(Uint8Array) }),
});

const implementation = implement(bench, {
  uppercase: (value) => value.toUpperCase(),
  rows: ({ count }) => rows(count),
  rowsAtOnce: ({ count }) => rowsAtOnce(count),
  async *change(incoming) {
    for await (const row of incoming) yield changed(row);
  },
  blob: (number) => blob(number),
});

export async function serve(path) {
  const server = await serveService(`unix:${path}`, implementation);
  return () => server.close();
}

export async function connect(path) {
  const client = connectClient(`unix:${path}`, bench);
  await ready(client);
  const takeAll = async (items, take) => {
    for await (const item of items) take(item);
  };
  return {
    call: (value) => client.uppercase(value),
    rows: (count, take) => takeAll(client.rows({ count }), take),
    rowsAtOnce: (count, take) => takeAll(client.rowsAtOnce({ count }), take),
    change: (count, take) => takeAll(client.change(rows(count)), take),
    blob: (number) => client.blob(number),
    close: () => close(client),
  };
}
