/**
 * tRPC over ws, as its documentation sets it up: zod for inputs and outputs, and subscriptions by async generators
 * whose items are checked one by one. It has no streams to the server, and its JSON carries no bytes.
 */
export const can = ['call', 'nested', 'rows', 'rowsAtOnce'];

export async function serve(path) {
  const [{ initTRPC }, { applyWSSHandler }, { z }, { Order, Row }, { rows, rowsAtOnce }, { confirmed }, { listen }] =
    await Promise.all([
      import('@trpc/server'),
      import('@trpc/server/adapters/ws'),
      import('zod'),
      import('../schemas.mjs'),
      import('../rows.mjs'),
      import('../nested.mjs'),
      import('./ws/sockets.mjs'),
    ]);
  const { procedure, router } = initTRPC.create();
  const Rows = z
    .custom((value) => Symbol.asyncIterator in value)
    .transform(async function* (items) {
      for await (const item of items) yield Row.parse(item);
    });
  const appRouter = router({
    uppercase: procedure
      .input(z.string())
      .output(z.string())
      .query(({ input }) => input.toUpperCase()),
    confirm: procedure
      .input(Order)
      .output(Order)
      .mutation(({ input }) => confirmed(input)),
    rows: procedure
      .input(z.number())
      .output(Rows)
      .subscription(({ input }) => rows(input)),
    rowsAtOnce: procedure
      .input(z.number())
      .output(Rows)
      .subscription(async function* ({ input }) {
        yield* rowsAtOnce(input);
      }),
  });
  const { sockets, stop } = await listen(path);
  applyWSSHandler({ wss: sockets, router: appRouter });
  return stop;
}

export async function connect(path) {
  const [{ createTRPCClient, createWSClient, wsLink }, { addressOf, WebSocket }] = await Promise.all([
    import('@trpc/client'),
    import('./ws/sockets.mjs'),
  ]);
  const socket = createWSClient({ url: addressOf(path), WebSocket });
  const client = createTRPCClient({ links: [wsLink({ client: socket })] });
  const takeAll = (subscription, count, take) =>
    new Promise((resolve, reject) => {
      subscription.subscribe(count, { onData: take, onError: reject, onComplete: resolve });
    });
  return {
    call: (text) => client.uppercase.query(text),
    nested: (order) => client.confirm.mutate(order),
    rows: (count, take) => takeAll(client.rows, count, take),
    rowsAtOnce: (count, take) => takeAll(client.rowsAtOnce, count, take),
    close: () => socket.close(),
  };
}
