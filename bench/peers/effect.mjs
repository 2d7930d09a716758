/**
 * Effect's RPC over a Unix socket, in its own binary format, put together as its documentation does; where that leaves
 * a choice, the faster one. Its spans are off, for the others have none to offer: they cost it a quarter of its calls.
 */
import { EventEmitter } from 'node:events';
import * as NodeSocket from '@effect/platform-node/NodeSocket';
import { Context, Effect, Layer, ManagedRuntime, Schema, Stream } from 'effect';
import { Rpc, RpcClient, RpcGroup, RpcSerialization, RpcServer } from 'effect/rpc';

// Every write that waits for the socket to drain adds listeners, of which Node would warn in the midst of the report.
EventEmitter.defaultMaxListeners = 0;

// A chunk of a stream leaves once the one before it was taken, so that larger ones are faster: those of 4,096, which
// Effect makes by itself, are as fast as any. The client must have room for a whole one, and by default it has for 16.
const CHUNK = Stream.DefaultChunkSize;
const ROOM = { streamBufferSize: 2 * CHUNK };

const Row = Schema.Struct({ id: Schema.Number, name: Schema.String });

const Order = Schema.Struct({
  id: Schema.Number,
  reference: Schema.String,
  paid: Schema.Boolean,
  discount: Schema.NullOr(Schema.Number),
  customer: Schema.Struct({
    name: Schema.String,
    email: Schema.String,
    address: Schema.Struct({
      street: Schema.String,
      city: Schema.String,
      postcode: Schema.String,
      country: Schema.String,
    }),
    tags: Schema.Array(Schema.String),
  }),
  items: Schema.Array(
    Schema.Struct({
      sku: Schema.String,
      title: Schema.String,
      quantity: Schema.Number,
      price: Schema.Number,
      gift: Schema.Boolean,
      box: Schema.Struct({ width: Schema.Number, height: Schema.Number, depth: Schema.Number }),
    }),
  ),
  total: Schema.Struct({ net: Schema.Number, tax: Schema.Number, currency: Schema.String }),
});

const Bench = RpcGroup.make(
  Rpc.make('uppercase', { payload: Schema.String, success: Schema.String }),
  Rpc.make('rows', { payload: Schema.Number, success: Row, stream: true }),
  Rpc.make('rowsAtOnce', { payload: Schema.Number, success: Row, stream: true }),
  Rpc.make('confirm', { payload: Order, success: Order }),
  Rpc.make('blob', { payload: Schema.Number, success: Schema.Uint8Array }),
  Rpc.make('echo', { payload: Schema.Uint8Array, success: Schema.Uint8Array }),
);

class Client extends Context.Service()('Client') {}

// It has no streams to the server, nor both ways.
export const can = ['call', 'nested', 'rows', 'rowsAtOnce', 'rowsSlowly', 'blob', 'echo'];

export async function serve(path) {
  const NodeSocketServer = await import('@effect/platform-node/NodeSocketServer');
  const { blob } = await import('../blobs.mjs');
  const { confirmed } = await import('../nested.mjs');
  const { rows, rowsAtOnce } = await import('../rows.mjs');
  const handlers = Bench.toLayer({
    uppercase: (text) => Effect.succeed(text.toUpperCase()),
    // Each item of an async iterable is a chunk by itself, for which the next one waits:
    // 10,000 items/s. The buffer makes chunks of what has come meanwhile.
    rows: (count) =>
      Stream.fromAsyncIterable(rows(count), (cause) => cause).pipe(Stream.orDie, Stream.buffer({ capacity: CHUNK })),
    rowsAtOnce: (count) => Stream.fromIterable(rowsAtOnce(count), { chunkSize: CHUNK }),
    confirm: (order) => Effect.succeed(confirmed(order)),
    blob: (number) => Effect.succeed(blob(number)),
    echo: (bytes) => Effect.succeed(bytes),
  });
  const runtime = ManagedRuntime.make(
    RpcServer.layer(Bench, { disableTracing: true }).pipe(
      Layer.provide(handlers),
      Layer.provide(RpcServer.layerProtocolSocketServer),
      Layer.provide(RpcSerialization.layerSchemaBinary()),
      Layer.provide(NodeSocketServer.layer({ path })),
    ),
  );
  await runtime.context();
  return () => runtime.dispose();
}

export async function connect(path) {
  const runtime = ManagedRuntime.make(
    Layer.effect(Client)(RpcClient.make(Bench, { disableTracing: true })).pipe(
      Layer.provide(RpcClient.layerProtocolSocket()),
      Layer.provide(RpcSerialization.layerSchemaBinary()),
      Layer.provide(NodeSocket.layerNet({ path })),
    ),
  );
  const client = await runtime.runPromise(Client);
  const takeAll = (stream, take) =>
    Effect.runPromise(Stream.runForEachArray(stream, (items) => Effect.sync(() => items.forEach(take))));
  return {
    call: (text) => Effect.runPromise(client.uppercase(text)),
    rows: (count, take) => takeAll(client.rows(count, ROOM), take),
    rowsAtOnce: (count, take) => takeAll(client.rowsAtOnce(count, ROOM), take),
    rowsSlowly: (count, take) =>
      Effect.runPromise(Stream.runForEach(client.rows(count, ROOM), (row) => Effect.promise(() => take(row)))),
    nested: (order) => Effect.runPromise(client.confirm(order)),
    blob: (number) => Effect.runPromise(client.blob(number)),
    echo: (bytes) => Effect.runPromise(client.echo(bytes)),
    close: () => runtime.dispose(),
  };
}
