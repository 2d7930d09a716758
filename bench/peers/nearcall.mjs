/** Ours, as the README writes it: both ends check, and all limits are those of the defaults. */
import { z } from 'zod';
// By path and not by name: the bench is installed apart from the workspace, and
// a copy of the packages would measure the last install, not the last build.
import { implement, method, service, stream } from '../../packages/core/dist/index.js';
import { Bytes, Order, Row } from '../schemas.mjs';

export const can = ['call', 'nested', 'rows', 'rowsAtOnce', 'rowsSlowly', 'change', 'blob', 'echo'];

const bench = service('bench', {
  uppercase: method({ input: z.string(), output: z.string() }),
  confirm: method({ input: Order, output: Order }),
  rows: method({ input: z.object({ count: z.number() }), output: stream(Row) }),
  rowsAtOnce: method({ input: z.object({ count: z.number() }), output: stream(Row) }),
  change: method({ input: stream(Row), output: stream(Row) }),
  blob: method({ input: z.number(), output: Bytes }),
  echo: method({ input: Bytes, output: Bytes }),
});

export async function serve(path) {
  const server = await import('../../packages/server/dist/index.js');
  const { blob } = await import('../blobs.mjs');
  const { confirmed } = await import('../nested.mjs');
  const { changed, rows, rowsAtOnce } = await import('../rows.mjs');
  const implementation = implement(bench, {
    uppercase: (value) => value.toUpperCase(),
    confirm: (order) => confirmed(order),
    rows: ({ count }) => rows(count),
    rowsAtOnce: ({ count }) => rowsAtOnce(count),
    async *change(incoming) {
      for await (const row of incoming) yield changed(row);
    },
    blob: (number) => blob(number),
    echo: (bytes) => bytes,
  });
  const serving = await server.serve(`unix:${path}`, implementation);
  return () => serving.close();
}

export async function connect(path) {
  const { close, connect, ready } = await import('../../packages/client/dist/index.js');
  const client = connect(`unix:${path}`, bench);
  await ready(client);
  const takeAll = async (items, take) => {
    for await (const item of items) take(item);
  };
  return {
    call: (value) => client.uppercase(value),
    nested: (order) => client.confirm(order),
    rows: (count, take) => takeAll(client.rows({ count }), take),
    rowsAtOnce: (count, take) => takeAll(client.rowsAtOnce({ count }), take),
    async rowsSlowly(count, take) {
      for await (const row of client.rows({ count })) await take(row);
    },
    async change(count, take) {
      const { rows } = await import('../rows.mjs');
      await takeAll(client.change(rows(count)), take);
    },
    blob: (number) => client.blob(number),
    echo: (bytes) => client.echo(bytes),
    close: () => close(client),
  };
}
