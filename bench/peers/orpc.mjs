/**
 * oRPC over ws, contract first as its documentation has it: zod for inputs and outputs, event iterators for streams,
 * and a Blob for bytes. It has no streams to the server over WebSockets.
 */
export const can = ['call', 'nested', 'rows', 'rowsAtOnce', 'blob', 'echo'];

export async function serve(path) {
  const [{ eventIterator, oc }, { implement }, { RPCHandler }, { z }, { Order, Row }, { rows, rowsAtOnce }] =
    await Promise.all([
      import('@orpc/contract'),
      import('@orpc/server'),
      import('@orpc/server/ws'),
      import('zod'),
      import('../schemas.mjs'),
      import('../rows.mjs'),
    ]);
  const { confirmed } = await import('../nested.mjs');
  const { blob } = await import('../blobs.mjs');
  const { listen } = await import('./ws/sockets.mjs');

  const contract = {
    uppercase: oc.input(z.string()).output(z.string()),
    confirm: oc.input(Order).output(Order),
    rows: oc.input(z.number()).output(eventIterator(Row)),
    rowsAtOnce: oc.input(z.number()).output(eventIterator(Row)),
    blob: oc.input(z.number()).output(z.instanceof(Blob)),
    echo: oc.input(z.instanceof(Blob)).output(z.instanceof(Blob)),
  };
  const os = implement(contract);
  const router = os.router({
    uppercase: os.uppercase.handler(({ input }) => input.toUpperCase()),
    confirm: os.confirm.handler(({ input }) => confirmed(input)),
    rows: os.rows.handler(({ input }) => rows(input)),
    rowsAtOnce: os.rowsAtOnce.handler(async function* ({ input }) {
      yield* rowsAtOnce(input);
    }),
    blob: os.blob.handler(({ input }) => new Blob([blob(input)])),
    echo: os.echo.handler(({ input }) => input),
  });
  const handler = new RPCHandler(router);
  const { sockets, stop } = await listen(path);
  sockets.on('connection', (socket) => handler.upgrade(socket));
  return stop;
}

export async function connect(path) {
  const [{ createORPCClient }, { RPCLink }, { open }] = await Promise.all([
    import('@orpc/client'),
    import('@orpc/client/websocket'),
    import('./ws/sockets.mjs'),
  ]);
  const websocket = await open(path);
  const client = createORPCClient(new RPCLink({ websocket }));
  const takeAll = async (items, take) => {
    for await (const item of await items) take(item);
  };
  const bytesOf = async (blob) => new Uint8Array(await (await blob).arrayBuffer());
  return {
    call: (text) => client.uppercase(text),
    nested: (order) => client.confirm(order),
    rows: (count, take) => takeAll(client.rows(count), take),
    rowsAtOnce: (count, take) => takeAll(client.rowsAtOnce(count), take),
    blob: (number) => bytesOf(client.blob(number)),
    echo: (bytes) => bytesOf(client.echo(new Blob([bytes]))),
    close: () => websocket.terminate(),
  };
}
