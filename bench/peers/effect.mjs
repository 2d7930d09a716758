/**
 * Effect's RPC over a Unix socket, in its own binary format, put together as its documentation does; where that leaves
 * a choice, the faster one. Its spans are off, for the others have none to offer: they cost it a quarter of its calls.
 */
import { EventEmitter } from 'node:events';
import * as NodeSocket from '@effect/platform-node/NodeSocket';
import * as NodeSocketServer from '@effect/platform-node/NodeSocketServer';
import { Context, Effect, Layer, ManagedRuntime, Schema, Stream } from 'effect';
import { Rpc, RpcClient, RpcGroup, RpcSerialization, RpcServer } from 'effect/rpc';
import { blob } from '../blobs.mjs';
import { rows, rowsAtOnce } from '../rows.mjs';

// Every write that waits for the socket to drain adds listeners, of which Node would warn in the midst of the report.
EventEmitter.defaultMaxListeners = 0;

// A chunk of a stream leaves once the one before it was taken, so that larger ones are faster: those of 4,096, which
// Effect makes by itself, are as fast as any. The client must have room for a whole one, and by default it has for 16.
const CHUNK = Stream.DefaultChunkSize;
const ROOM = { streamBufferSize: 2 * CHUNK };

const Row = Schema.Struct({ id: Schema.Number, name: Schema.String });

const Bench = RpcGroup.make(
  Rpc.make('uppercase', { payload: Schema.String, success: Schema.String }),
  Rpc.make('rows', { payload: Schema.Number, success: Row, stream: true }),
  Rpc.make('rowsAtOnce', { payload: Schema.Number, success: Row, stream: true }),
  Rpc.make('blob', { payload: Schema.Number, success: Schema.Uint8Array }),
);

class Client extends Context.Service()('Client') {}

// It has no streams to the server, nor both ways.
export const can = ['calls', 'stream', 'bulk', 'calls-during-bulk'];

export async function serve(path) {
  const handlers = Bench.toLayer({
    uppercase: (text) => Effect.succeed(text.toUpperCase()),
    // Each item of an async iterable is a chunk by itself, for which the next one waits:
    // 10,000 items/s. The buffer makes chunks of what has come meanwhile.
    rows: (count) =>
      Stream.fromAsyncIterable(rows(count), (cause) => cause).pipe(Stream.orDie, Stream.buffer({ capacity: CHUNK })),
    rowsAtOnce: (count) => Stream.fromIterable(rowsAtOnce(count), { chunkSize: CHUNK }),
    blob: (number) => Effect.succeed(blob(number)),
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
    blob: (number) => Effect.runPromise(client.blob(number)),
    close: () => runtime.dispose(),
  };
}
