/** gRPC in JavaScript, with the service loaded from its .proto as the documentation of gRPC for Node begins. */
export const can = ['call', 'nested', 'rows', 'rowsAtOnce', 'rowsSlowly', 'change', 'blob', 'echo'];

export async function serve(path) {
  const { changed, rows, rowsAtOnce } = await import('../rows.mjs');
  const { confirmed } = await import('../nested.mjs');
  const { blob } = await import('../blobs.mjs');
  const { grpc, Bench } = await load();
  const server = new grpc.Server();
  server.addService(Bench.service, {
    uppercase: ({ request }, answer) => answer(null, { text: request.text.toUpperCase() }),
    confirm: ({ request }, answer) => answer(null, confirmed(request)),
    rows: (call) => writeAll(call, rows(call.request.count)),
    rowsAtOnce: (call) => writeAll(call, rowsAtOnce(call.request.count)),
    change(call) {
      call.on('data', (row) => {
        if (call.write(changed(row))) return;
        call.pause();
        call.once('drain', () => call.resume());
      });
      call.on('end', () => call.end());
    },
    blob: ({ request }, answer) => answer(null, { bytes: blob(request.number) }),
    echo: ({ request }, answer) => answer(null, request),
  });
  await new Promise((resolve, reject) => {
    server.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return () => server.forceShutdown();
}

export async function connect(path) {
  const { grpc, Bench } = await load();
  const client = new Bench(`unix:${path}`, grpc.credentials.createInsecure(), {
    // Or else all clients of a process share one connection.
    'grpc.use_local_subchannel_pool': 1,
  });
  await new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve()));
  });
  const ask = (method, request) =>
    new Promise((resolve, reject) => {
      client[method](request, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  const takeAll = (call, take) =>
    new Promise((resolve, reject) => {
      call.on('data', take).on('error', reject).on('end', resolve);
    });
  return {
    call: async (text) => (await ask('uppercase', { text })).text,
    nested: (order) => ask('confirm', order),
    rows: (count, take) => takeAll(client.rows({ count }), take),
    rowsAtOnce: (count, take) => takeAll(client.rowsAtOnce({ count }), take),
    async rowsSlowly(count, take) {
      for await (const row of client.rows({ count })) await take(row);
    },
    async change(count, take) {
      const { rows } = await import('../rows.mjs');
      const call = client.change();
      await Promise.all([takeAll(call, take), writeAll(call, rows(count))]);
    },
    blob: async (number) => (await ask('blob', { number })).bytes,
    echo: async (bytes) => (await ask('echo', { bytes })).bytes,
    close: () => client.close(),
  };
}

async function load() {
  const [{ default: grpc }, { default: loader }] = await Promise.all([
    import('@grpc/grpc-js'),
    import('@grpc/proto-loader'),
  ]);
  const { pathname } = new URL('../protobuf/bench.proto', import.meta.url);
  const definition = await loader.load(pathname, {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return { grpc, Bench: grpc.loadPackageDefinition(definition).bench.Bench };
}

async function writeAll(call, messages) {
  for await (const message of messages) await write(call, message);
  call.end();
}

function write(call, message) {
  if (call.write(message)) return;
  return new Promise((resolve) => call.once('drain', resolve));
}
